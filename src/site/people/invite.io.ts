import { z } from 'zod';
import { OneRoofError, stated } from '../../core/index.ts';
import { parseRegistry, type Registry } from '../../people/index.ts';
import { type Enrolment, parsed } from '../../signing/index.ts';
import { type SiteServices } from '../site-services.ts';
import { type Route } from '../room.ts';
import { readDraft } from './drafts.io.ts';
import { draftBase, requireOrigin } from './invitation.io.ts';
import { invite, withdrawInvitation } from './invitations.io.ts';
import { type Readings } from './readings.io.ts';
import { done, action } from './replies.ts';

const hours = z.coerce.number().int().min(1).max(168).default(24);
const invitee = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('device'), id: z.string().max(63), hours }),
  z.strictObject({
    kind: z.literal('person'),
    id: z.string().max(63),
    name: z.string().max(100),
    level: z.coerce.number(),
    hours,
  }),
]);
const invitationNamed = z.strictObject({ hash: z.string().max(100) });

/** Invitations are made and withdrawn. */
export function inviteRoutes(services: SiteServices, readings: Readings): readonly Route[] {
  return [
    action('/people/invite', invitee, async (given) => {
      const base = await draftBase(services, readings);
      requireOrigin(services, base);
      const draft = (await readDraft(services.state, base)) ?? base.start;
      const enrolment = enrolmentOf(draft, given);
      const { secret, until } = await invite(services.state, { enrolment, hours: given.hours });
      const link = `${services.origin}/invitation/#${secret}`;
      return done(`The link is for ${given.id}, and expires on ${until.slice(0, 16).replace('T', ' at ')} UTC.`, {
        link,
      });
    }),
    action('/people/invitations/withdraw', invitationNamed, async (given) => {
      await withdrawInvitation(services.state, given.hash);
      return done('withdrawn');
    }),
  ];
}

/** The person of an invitation, checked by the rules of the registry before the link is made. */
function enrolmentOf(draft: Registry, given: z.output<typeof invitee>): Enrolment {
  const known = draft.persons.find(({ id }) => id === given.id);
  if (given.kind === 'device') {
    if (known !== undefined) return { id: given.id, name: null, level: null };
    throw new OneRoofError('PERSON_UNKNOWN', {
      ...stated`${{ person: given.id }} is not in the draft`,
      fix: 'invite them as a new person, with a name and a level',
    });
  }
  const { id, name, level } = given;
  if (known !== undefined)
    throw new OneRoofError('USAGE', {
      ...stated`${{ person: id }} exists already, as ${{ name: known.name }}`,
      fix: 'choose another id, or "Another device" beside that person',
    });
  const persons = [...draft.persons, { id, name, level, keys: [] }].toSorted((one, other) =>
    one.id < other.id ? -1 : 1,
  );
  parsed(parseRegistry({ text: JSON.stringify({ ...draft, persons }), file: 'the draft' }));
  return { id, name, level };
}
