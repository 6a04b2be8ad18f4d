import { OneRoofError, type Problem } from '../../core/index.ts';
import { checkAgainst, type Registry } from '../../gate/index.ts';
import { describeChange, requireNext } from '../../web/index.ts';
import { type House } from '../house.ts';
import { type Reply, type Route } from '../room.ts';
import { type Base, basesOf } from './bases.ts';
import { askedAs, changeRoutes, readChangeViews } from './change.io.ts';
import { documentRoutes, draftRoutes } from './draft.io.ts';
import { readDraft } from './drafts.io.ts';
import { draftBase, invitationRoutes, requireOrigin } from './invitation.io.ts';
import { inviteRoutes } from './invite.io.ts';
import { openInvitations } from './invitations.io.ts';
import { peoplePage } from './people.ts';
import { peopleMark } from './mark.io.ts';
import { readFiles, type Readings } from './readings.io.ts';
import { type ChangeView, type DraftView } from './view.ts';

/** Who there is, who comes, who goes, and what the quorum is asked for. */
export function peopleRoutes(house: House, readings: Readings): readonly Route[] {
  return [
    { method: 'GET', path: '/people', handle: async () => await peopleReply(house, readings) },
    ...documentRoutes(house, readings),
    ...inviteRoutes(house, readings),
    ...draftRoutes(house, readings),
    ...changeRoutes(house, readings),
    ...invitationRoutes(house, readings),
  ];
}

async function peopleReply(house: House, readings: Readings): Promise<Reply> {
  const { setup, state } = house;
  // before the page: what comes between the two is told
  const mark = await peopleMark(house, readings);
  const files = readFiles(setup);
  const there = await readings.all();
  const bases = basesOf(there, files);
  const changes = await readChangeViews(house, readings);
  const drafts = await Promise.all(
    bases.map(async (base) => draftView({ base, changes, draft: await readDraft(state, base) })),
  );
  const [newest] = bases;
  const policy = newest?.policy ?? null;
  const hasBegun = drafts.some((one) => one?.base === newest);
  return {
    kind: 'page',
    document: peoplePage({
      mark,
      readings: there,
      files:
        files.policy === null || files.registry === null ? null : { policy: files.policy, registry: files.registry },
      registryFile: setup.registryFile,
      hasRegistryFile: files.registry !== null,
      policy,
      uninvitable: await draftBase(house, readings).then((base) => uninvitable(house, base), textOf),
      changeable: hasBegun ? null : (newest?.follows ?? null),
      drafts: drafts.filter((one) => one !== null),
      changes: changes.filter(({ standings }) =>
        standings.some((one) => one.state === 'waits' || one.state === 'unknown'),
      ),
      invitations: await openInvitations(state),
    }),
  };
}

function uninvitable(house: House, base: Base): string | null {
  try {
    requireOrigin(house, base);
    return null;
  } catch (error) {
    return textOf(error);
  }
}

function textOf(error: unknown): string {
  if (!(error instanceof OneRoofError)) throw error;
  const [{ problem, fix }] = error.problems;
  return `${problem}: ${fix}`;
}

/** null: nothing was changed yet. The first registry is shown from the start: somebody has to begin it. */
function draftView(of: {
  readonly base: Base;
  readonly draft: Registry | null;
  readonly changes: readonly ChangeView[];
}): DraftView | null {
  const { base, changes } = of;
  const { present, policy } = base;
  if (of.draft === null && present !== null) return null;
  const draft = of.draft ?? base.start;
  if (present === null) return { base, draft, differences: [], problems: checkAgainst(policy, draft), asked: null };
  const next = { kind: 'registry', registry: draft } as const;
  return {
    base,
    draft,
    differences: describeChange(present, next),
    problems: problemsOf(() => requireNext(present, next)),
    asked: askedAs(changes, next),
  };
}

function problemsOf(check: () => void): readonly Problem[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof OneRoofError) return error.problems;
    throw error;
  }
}
