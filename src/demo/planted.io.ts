import { canonicalJson, digest, now, OneRoofError, printable, truncate, stated } from '../core/index.ts';
import { type Dossier, show } from '../dossier/index.ts';
import { type SignedForm, statementDigest } from '../evidence/index.ts';
import { type Ratification, type TargetDescriptor } from '../people/index.ts';
import { type KnownEvidence } from '../evidence-kinds/index.ts';
import { writeDossier } from '../pipeline.io.ts';
import { type JudgedProposal, judgeProposal, rootsOf } from '../proposal/index.ts';
import { type ChapterGround } from './demo-commands.ts';

/**
 * What someone who can write evidence plants, so that people sign what they never saw: a statement of another release, a dossier without
 * the first statement of the release. Judged as the page for signing does, by the same function; nothing of it is recorded.
 *
 * Errors  INTERNAL where it was not refused.
 */
export async function tellPlanted(
  stage: ChapterGround,
  of: { readonly body: string; readonly descriptor: TargetDescriptor },
): Promise<void> {
  const { course, people, target } = stage;
  const { dossier } = await writeDossier(course, { target, policy: people.policy });
  const hidden = show({ ...dossier, tiers: withoutFirst(dossier.tiers) });
  const other = changed(of.body, { subject: digest('seal', ['another release']).slice(7) });
  const tried = [
    ['file a statement of another release', await judge(stage, { ...of, body: other, dossier: hidden }), 'subject'],
    [
      'hide a statement of the SQL in the dossier',
      await judge(stage, { ...of, body: changed(of.body, { dossier: hidden.digest }), dossier: hidden }),
      'dossier: line',
    ],
  ] as const;
  for (const [what, judged, expected] of tried) {
    const differs = judged.state === 'foreign' ? judged.differs.find((text) => text.startsWith(expected)) : undefined;
    if (differs === undefined)
      throw new OneRoofError('INTERNAL', {
        ...stated`NOT REFUSED: a writer of evidence could ${{ attempt: what }}`,
        fix: 'this is a defect of One Roof: please report it',
      });
    const answer = `refused: ${truncate(printable(differs), 120)} (PROPOSAL_FOREIGN)`;
    stage.narration.tried({ who: 'evidence', what, answer });
  }
}

function withoutFirst([first, ...rest]: Dossier['tiers']): Dossier['tiers'] {
  return first === undefined ? [] : [{ ...first, up: first.up.slice(1) }, ...rest];
}

function changed(body: string, of: { readonly subject?: string; readonly dossier?: string }): string {
  const said = JSON.parse(body) as SignedForm<Ratification>;
  const [subject] = said.subject;
  return canonicalJson({
    ...said,
    subject: [{ ...subject, digest: { sha256: of.subject ?? subject.digest.sha256 } }],
    predicate: { ...said.predicate, dossier: of.dossier ?? said.predicate.dossier },
  });
}

/** As if both had been recorded: the dossier as the last entry of the log, the statement naming the head with it. */
async function judge(
  { course, target }: ChapterGround,
  of: { readonly body: string; readonly descriptor: TargetDescriptor; readonly dossier: ReturnType<typeof show> },
): Promise<JudgedProposal> {
  const { sealed, store } = course;
  const recorded = await store.of(sealed.seal);
  const log = await store.log();
  const at = now();
  const { text: _text, ...body } = of.dossier;
  const entry = {
    index: log.lines.length,
    kind: 'dossier',
    digest: digest('evidence', ['planted']),
    seal: sealed.seal,
  } as const;
  const planted: KnownEvidence = { entry: { ...entry, recordedAt: at, size: 0 }, readable: true, body };
  const said = JSON.parse(of.body) as SignedForm<Ratification>;
  const size = log.lines.length + 1;
  const statement = canonicalJson({ ...said, predicate: { ...said.predicate, log: { size, root: '0'.repeat(64) } } });
  return judgeProposal(
    {
      sealed,
      evidence: [...recorded, planted],
      rootAt: rootsOf(log),
      signerOf: () => null,
      own: null,
      wordOf: () => null,
      now: at,
    },
    {
      target: target.name,
      body: statement,
      descriptor: of.descriptor,
      statement: statementDigest(statement),
      index: size,
      recordedAt: at,
    },
  );
}
