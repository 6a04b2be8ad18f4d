import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type BundleHistory } from '../bundle/index.ts';
import { OneRoofError, stated } from '../core/index.ts';
import { registryDocument } from '../people/index.ts';
import { draftRegistry } from '../signing/index.ts';
import { makeDemoAuthenticator } from './demo-authenticator.io.ts';
import { type ChapterGround } from './demo-commands.ts';
import { timed } from './timed.io.ts';

/** The part of what `oneroof verify-evidence` answers that the demo tells. */
interface Verified extends BundleHistory {
  readonly entries: number;
  readonly by: readonly string[];
}

/**
 * Writes all evidence to one file, and checks it offline against the keys, the policy and the registry that are trusted. A changed copy,
 * and the registry of someone else, are refused.
 *
 * Errors  those of `oneroof bundle` and `oneroof verify-evidence`; INTERNAL where one that should be refused passes.
 */
export async function bundle(stage: ChapterGround, passing: string): Promise<void> {
  const { plan, narration, course } = stage;
  narration.chapter('Evidence, for a reader who trusts no one');
  const file = join(plan.folder, 'evidence.json');
  const signers = new Set((await course.store.log()).lines.map(({ signer }) => signer));
  writeFileSync(join(plan.folder, 'agents.pub'), `${[...signers].join('\n')}\n`);
  const written = await timed(() => plan.command({ command: 'bundle', words: ['release'], options: { out: file } }));
  const { bytes } = written.value.data as { readonly bytes: number };
  narration.tell({
    name: 'written',
    text: `${relative(process.cwd(), file)}, ${Math.round(bytes / 1000)} kB`,
    took: written.took,
  });
  const trusted = { keys: 'agents.pub', policy: 'policy.yaml', registry: 'registry.json' };
  const check = (path: string, options = trusted) =>
    plan.command({ command: 'verify-evidence', words: [path], options });
  const checked = await timed(() => check(file));
  const { entries, by, said, done } = checked.value.data as Verified;
  narration.tell({
    name: 'verified',
    text: `offline: every signature, proof and digest of ${entries} entries, each report built again`,
    took: checked.took,
  });
  narration.tell({ name: 'signed by', text: by.join(', ') });
  for (const { kind, statement, signed, seats } of said) {
    const people = signed.map(({ name, level, key }) => `${name}, level ${level}, ${key} key`).join('; ');
    const open = seats?.open === null ? ': every seat filled' : '';
    narration.tell({
      name: kind === 'ratification' ? 'ratified' : kind,
      text: `${statement.slice('sha256:'.length, 19)} by ${people}${open}`,
    });
  }
  const applied = done.filter(({ outcome }) => outcome === 'applied').length;
  narration.tell({
    name: 'covered',
    text: `${applied} tiers rolled out or back, each with an open ratification; the gate refused ${done.length - applied}, and they were undone`,
  });
  await refused(stage, 'one changed digit in a copy', () => check(changedCopy(file, passing)));
  await refused(stage, 'a registry of another host', () =>
    check(file, { ...trusted, registry: foreignRegistry(passing) }),
  );
}

/** One figure of one measurement, or of what was sealed. */
function changedCopy(file: string, passing: string): string {
  const changed = join(passing, 'changed.json');
  writeFileSync(changed, readFileSync(file, 'utf8').replace('204556', '204557'));
  return changed;
}

function foreignRegistry(passing: string): string {
  const file = join(passing, 'registry.json');
  const eve = { id: 'eve', name: 'Eve', level: 4 };
  writeFileSync(file, registryDocument(draftRegistry(null, eve, makeDemoAuthenticator().key)));
  return file;
}

async function refused({ narration }: ChapterGround, what: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof OneRoofError)) throw error;
    narration.tell({ name: 'refused', text: `${what}: ${error.problems[0].problem} (${error.code})` });
    return;
  }
  throw new OneRoofError('INTERNAL', {
    ...stated`a bundle passes with ${{ change: what }}`,
    fix: 'this is a defect of One Roof: please report it',
  });
}
