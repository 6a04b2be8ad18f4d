import { z } from 'zod';
import { OneRoofError, stated } from '../../core/index.ts';
import { type Registry } from '../../people/index.ts';
import { enrolmentActions, type Prompts, withKey } from '../../signing/index.ts';
import { type SiteServices } from '../site-services.ts';
import { type Reply, type Route, type Visit } from '../room.ts';
import { type Base, basesOf } from './bases.ts';
import { changeDraft, readDraft } from './drafts.io.ts';
import { findInvitation, useUp } from './invitations.io.ts';
import { invitationPage } from './invitation.ts';
import { readPeopleFiles, type Readings } from './readings.io.ts';
import { type Invitation } from './people-view.ts';

const form = z.looseObject({ invitation: z.string().max(128) }).catch({ invitation: '' });

/** The page of an invitation, and its two posts. The invitation lets in to these, and to nothing else. */
export function invitationRoutes(services: SiteServices, readings: Readings): readonly Route[] {
  const opened = async (visit: Visit) => {
    const { invitation: secret, ...body } = form.parse(visit.body);
    const invitation = await findInvitation(services.state, secret);
    const base = await draftBase(services, readings);
    const registry = (await readDraft(services.state, base)) ?? base.start;
    return { invitation, body, base, registry };
  };
  const act = async (step: 'begin' | 'finish', visit: Visit): Promise<Reply> => {
    const { invitation, body, base, registry } = await opened(visit);
    const { policy } = base;
    requireOrigin(services, base);
    const actions = enrolmentActions(
      {
        policy,
        registry,
        person: personOf(invitation, registry),
        keep: async (key) => {
          await changeDraft(services.state, base, async (draft, session) => {
            await useUp(session, invitation);
            requireSame(draft, invitation);
            return withKey(draft, invitation.enrolment, key);
          });
          return 'The passkey is in the draft of the registry. It counts once the quorum has signed the draft. You can close this page.';
        },
      },
      promptsOf(services, invitation),
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
        requireOrigin(services, base);
        const { id, name } = personOf(invitation, registry);
        return {
          kind: 'json',
          value: {
            ok: true,
            production: base.policy.production,
            title: `A passkey for ${name}`,
            text: `You were invited to make one, as ${id}, under the policy ${base.policy.name}.`,
            about: `The public part goes into version ${registry.version} of the registry. It counts once that version is in force, and not before.`,
          },
        };
      },
    },
    { ...anybody, path: '/invitation/begin', handle: (visit) => act('begin', visit) },
    { ...anybody, path: '/invitation/finish', handle: (visit) => act('finish', visit) },
  ];
}

/**
 * The document for a new key: the draft after the newest registry.
 *
 * Errors  CONFIG_NOT_FOUND where there is no policy, so that no one could say which keys count.
 */
export async function draftBase(services: SiteServices, readings: Readings): Promise<Base> {
  const [base] = basesOf(await readings.all(), readPeopleFiles(services.setup));
  if (base !== undefined) return base;
  throw new OneRoofError('CONFIG_NOT_FOUND', {
    ...stated`${{ file: services.setup.policyFile }} does not exist, and no target has a gate that this site can ask`,
    fix: 'write the policy (docs/FORMAT.md describes it), check it with `oneroof policy check`, and restart the site',
  });
}

/**
 * Refuses to make passkeys that would answer to no page of the policy.
 *
 * Errors  CONFIG_INVALID
 */
export function requireOrigin({ origin }: Pick<SiteServices, 'origin'>, { policy }: Pick<Base, 'policy'>): void {
  if (policy.origin === origin) return;
  throw new OneRoofError('CONFIG_INVALID', {
    ...stated`policy "${{ policy: policy.name }}" has its page at ${{ origin: policy.origin }}, and this site is at ${{ site: origin }}: a passkey of this site would not count`,
    fix: 'start the site where the policy says, or change the origin in the policy',
  });
}

/** An invitation for a new person does not change a person who was added meanwhile. */
function requireSame(draft: Registry, { enrolment: { id, name, level } }: Invitation): void {
  const known = draft.persons.find((one) => one.id === id);
  if (known === undefined || name === null || (known.name === name && known.level === level)) return;
  throw new OneRoofError('INVITATION_OVER', {
    ...stated`${{ person: id }} is in the draft since, as ${{ nameInDraft: known.name }}, level ${{ level: known.level }}; the invitation was for ${{ name }}, level ${{ invitedLevel: level }}`,
    fix: 'ask for another invitation, under another id or for another device',
  });
}

function personOf({ enrolment }: Invitation, registry: Registry): { readonly id: string; readonly name: string } {
  const { id } = enrolment;
  return { id, name: enrolment.name ?? registry.persons.find((one) => one.id === id)?.name ?? id };
}

/** A prompt that was begun with one invitation is none for another. */
function promptsOf({ state }: SiteServices, { hash }: Invitation): Prompts {
  return {
    begin: (purpose, body) => state.begin(`${purpose} by ${hash}`, body),
    take: (purpose, id) => state.take(`${purpose} by ${hash}`, id),
  };
}
