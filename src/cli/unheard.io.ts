import { join, relative } from 'node:path';
import { printable } from '../core/index.ts';
import { type EvidenceKind } from '../evidence/index.ts';
import { rightFor, whyNextUncounted } from '../gate/index.ts';
import { type Store } from '../kinds/index.ts';
import { quoted } from '../report/index.ts';
import { type Setup } from '../setup/index.ts';
import { type Context } from './verb.ts';

/**
 * Says at once where what this machine records does not count, and how its key is enrolled. It is recorded all the same: who reads the log sees
 * it, and nothing that was done is kept out of it.
 */
export async function sayUnheard(
  { terminal }: Context,
  { setup, store }: { readonly setup: Setup; readonly store: Store },
  of: { readonly kind: EvidenceKind; readonly target: string },
): Promise<void> {
  const signer = await store.ownKey();
  const why = whyNextUncounted(await store.voices(), { ...of, signer });
  if (why === null) return;
  const right = rightFor[of.kind];
  const draft = relative(process.cwd(), join(setup.registryFile, '..', 'registry.next.json'));
  terminal.say(
    `not counted for ${printable(of.target)}: what this machine records as ${of.kind} (${printable(why)}). ` +
      `Enrol its key: oneroof registry add-key NAME --key ${quoted(signer)} --may ${right}; ` +
      `then the quorum signs it: oneroof ratify --registry ${quoted(draft)}`,
  );
}
