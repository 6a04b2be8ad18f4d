import { join, relative } from 'node:path';
import { printable } from '../core/index.ts';
import { type EvidenceKind, type SshKey } from '../evidence/index.ts';
import { rightFor, whyNextUncounted } from '../people/index.ts';
import { type Store } from '../evidence-kinds/index.ts';
import { quoted } from '../report/index.ts';
import { type Setup } from '../setup/index.ts';
import { type Context } from './verb.ts';

/**
 * Says at once if entries of this machine do not count, and how to enrol its key. They are recorded anyway, so that the log contains
 * everything that was done.
 */
export async function sayUnheard(
  { terminal }: Context,
  { setup, store }: { readonly setup: Setup; readonly store: Store },
  of: {
    readonly kind: EvidenceKind;
    readonly target: string;
    /** The key that signed them; absent: this machine's. */
    readonly signer?: SshKey;
  },
): Promise<void> {
  const signer = of.signer ?? (await store.ownKey());
  const why = whyNextUncounted(await store.voices(), { ...of, signer });
  if (why === null) return;
  const right = rightFor[of.kind];
  const draft = relative(process.cwd(), join(setup.registryFile, '..', 'registry.next.json'));
  terminal.say(
    `not counted for ${printable(of.target)}: the ${of.kind} entries of ${of.signer === undefined ? 'this machine' : 'this key'} (${printable(why)}). ` +
      `Enrol ${of.signer === undefined ? 'its key' : 'it'}: oneroof registry add-key NAME --key ${quoted(signer)} --may ${right}; ` +
      `then ask the quorum to sign: oneroof ratify --registry ${quoted(draft)}`,
  );
}
