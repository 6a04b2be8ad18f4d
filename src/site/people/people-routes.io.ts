import { OneRoofError, type Problem } from '../../core/index.ts';
import { checkAgainst, type Registry } from '../../people/index.ts';
import { describeChange, requireNext } from '../../signing/index.ts';
import { type SiteServices } from '../site-services.ts';
import { type Reply, type Route } from '../room.ts';
import { type Base, basesOf } from './bases.ts';
import { askedAs, changeRoutes, readChangeViews } from './change-routes.io.ts';
import { documentRoutes, draftRoutes } from './draft-routes.io.ts';
import { readDraft } from './drafts.io.ts';
import { draftBase, invitationRoutes, requireOrigin } from './invitation.io.ts';
import { inviteRoutes } from './invite.io.ts';
import { openInvitations } from './invitations.io.ts';
import { peoplePage } from './people-html.ts';
import { peopleMark } from './mark.io.ts';
import { readPeopleFiles, type Readings } from './readings.io.ts';
import { type ChangeView, type DraftView } from './people-view.ts';

/** The pages of people: persons, invitations, drafts, and what the quorum is asked to sign. */
export function peopleRoutes(services: SiteServices, readings: Readings): readonly Route[] {
  return [
    { method: 'GET', path: '/people', handle: async () => await peopleReply(services, readings) },
    ...documentRoutes(services, readings),
    ...inviteRoutes(services, readings),
    ...draftRoutes(services, readings),
    ...changeRoutes(services, readings),
    ...invitationRoutes(services, readings),
  ];
}

async function peopleReply(services: SiteServices, readings: Readings): Promise<Reply> {
  const { setup, state } = services;
  // read before the page is drawn, so that a change in between is reported
  const mark = await peopleMark(services, readings);
  const files = readPeopleFiles(setup);
  const there = await readings.all();
  const bases = basesOf(there, files);
  const changes = await readChangeViews(services, readings);
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
      policy,
      uninvitable: await draftBase(services, readings).then((base) => uninvitable(services, base), textOf),
      changeable: hasBegun ? null : (newest?.follows ?? null),
      drafts: drafts.filter((one) => one !== null),
      changes: changes.filter(({ standings }) =>
        standings.some((one) => one.state === 'waits' || one.state === 'unknown'),
      ),
      invitations: await openInvitations(state),
    }),
  };
}

function uninvitable(services: SiteServices, base: Base): string | null {
  try {
    requireOrigin(services, base);
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

/** null: nothing was changed yet. The first registry is shown from the start: someone has to begin it. */
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
