import { z } from 'zod';
import { OneRoofError } from '../../core/index.ts';
import { type Registry } from '../../gate/index.ts';
import { enrolmentActions, type Prompts, withKey } from '../../web/index.ts';
import { type House } from '../house.ts';
import { type Reply, type Route, type Visit } from '../room.ts';
import { type Base, basesOf } from './bases.ts';
import { changeDraft, readDraft } from './drafts.io.ts';
import { findInvitation, useUp } from './invitations.io.ts';
import { invitationPage } from './invitation.ts';
import { readFiles, type Readings } from './readings.io.ts';
import { type Invitation } from './view.ts';

const form = z.looseObject({ invitation: z.string().max(128) }).catch({ invitation: '' });

/** The page of an invitation, and its two posts. The invitation lets in to these, and to nothing else. */
export function invitationRoutes(house: House, readings: Readings): readonly Route[] {
  const opened = async (visit: Visit) => {
    const { invitation: secret, ...body } = form.parse(visit.body);
    const invitation = await findInvitation(house.state, secret);
    const base = await draftBase(house, readings);
    const registry = (await readDraft(house.state, base)) ?? base.start;
    return { invitation, body, base, registry };
  };
  const act = async (step: 'begin' | 'finish', visit: Visit): Promise<Reply> => {
    const { invitation, body, base, registry } = await opened(visit);
    const { policy } = base;
    requireOrigin(house, base);
    const actions = enrolmentActions(
      {
        policy,
        registry,
        person: personOf(invitation, registry),
        keep: async (key) => {
          await changeDraft(house.state, base, async (draft, session) => {
            await useUp(session, invitation);
            requireSame(draft, invitation);
            return withKey(draft, invitation.enrolment, key);
          });
          return 'The passkey stands in the draft of the registry. It counts once the quorum has signed that. You can close this page.';
        },
      },
      promptsOf(house, invitation),
    );
    return { kind: 'json', value: await actions[step](body) };
  };
  const anybody = { method: 'POST', who: 'anybody' } as const;
  return [
    {
      method: 'GET',
      path: '/invitation/',
      who: 'anybody',
      handle: async () => ({ kind: 'page', document: invitationPage() }),
    },
    {
      ...anybody,
      path: '/invitation/look',
      handle: async (visit) => {
        const { invitation, base, registry } = await opened(visit);
        requireOrigin(house, base);
        const { id, name } = personOf(invitation, registry);
        return {
          kind: 'json',
          value: {
            ok: true,
            production: base.policy.production,
            title: `A passkey for ${name}`,
            text: `You were invited to make one, as ${id}, under the policy ${base.policy.name}.`,
            about: `The public part goes into version ${registry.version} of the registry. It counts once that version is in force; nothing before.`,
          },
        };
      },
    },
    { ...anybody, path: '/invitation/begin', handle: (visit) => act('begin', visit) },
    { ...anybody, path: '/invitation/finish', handle: (visit) => act('finish', visit) },
  ];
}

/**
 * What a new key goes into: the draft after the newest registry.
 *
 * Errors  CONFIG_NOT_FOUND where there is no policy, so that nobody could say which keys count.
 */
export async function draftBase(house: House, readings: Readings): Promise<Base> {
  const [base] = basesOf(await readings.all(), readFiles(house.setup));
  if (base !== undefined) return base;
  throw new OneRoofError('CONFIG_NOT_FOUND', {
    problem: `${house.setup.policyFile} is not there, and no target has a gate that this site can ask`,
    fix: 'write the policy (docs/FORMAT.md describes it), check it with `oneroof policy check`, and start the site anew',
  });
}

/**
 * Refuses to make passkeys that would answer to no page of the policy.
 *
 * Errors  CONFIG_INVALID
 */
export function requireOrigin({ origin }: Pick<House, 'origin'>, { policy }: Pick<Base, 'policy'>): void {
  if (policy.origin === origin) return;
  throw new OneRoofError('CONFIG_INVALID', {
    problem: `policy "${policy.name}" has its page at ${policy.origin}, and this site is at ${origin}: a passkey of this site would not count`,
    fix: 'start the site where the policy says, or change the origin in the policy',
  });
}

/** An invitation for somebody new changes nobody who came meanwhile. */
function requireSame(draft: Registry, { enrolment: { id, name, level } }: Invitation): void {
  const known = draft.persons.find((one) => one.id === id);
  if (known === undefined || name === null || (known.name === name && known.level === level)) return;
  throw new OneRoofError('INVITATION_OVER', {
    problem: `${id} came into the draft meanwhile, as ${known.name}, level ${known.level}; the invitation was for ${name}, level ${level}`,
    fix: 'ask for another one, under another id or for a further device',
  });
}

function personOf({ enrolment }: Invitation, registry: Registry): { readonly id: string; readonly name: string } {
  const { id } = enrolment;
  return { id, name: enrolment.name ?? registry.persons.find((one) => one.id === id)?.name ?? id };
}

/** A prompt that was begun with one invitation is none for another. */
function promptsOf({ state }: House, { hash }: Invitation): Prompts {
  return {
    begin: (purpose, body) => state.begin(`${purpose} by ${hash}`, body),
    take: (purpose, id) => state.take(`${purpose} by ${hash}`, id),
  };
}
