import { z } from 'zod';
import { OneRoofError } from '../../core/index.ts';
import { parseRegistry, type Registry } from '../../gate/index.ts';
import { type Enrolment, parsed } from '../../web/index.ts';
import { type House } from '../house.ts';
import { type Route } from '../room.ts';
import { readDraft } from './drafts.io.ts';
import { draftBase, requireOrigin } from './invitation.io.ts';
import { invite, withdrawInvitation } from './invitations.io.ts';
import { type Readings } from './readings.io.ts';
import { done, malformed } from './replies.ts';

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
export function inviteRoutes(house: House, readings: Readings): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/people/invite',
      handle: async ({ body }) => {
        const given = invitee.safeParse(body);
        if (!given.success) return malformed;
        const base = await draftBase(house, readings);
        requireOrigin(house, base);
        const draft = (await readDraft(house.state, base)) ?? base.start;
        const enrolment = enrolmentOf(draft, given.data);
        const { secret, until } = await invite(house.state, { enrolment, hours: given.data.hours });
        const link = `${house.origin}/invitation/#${secret}`;
        return done(
          `The link is for ${given.data.id}, and is over on ${until.slice(0, 16).replace('T', ' at ')} UTC.`,
          { link },
        );
      },
    },
    {
      method: 'POST',
      path: '/people/invitations/withdraw',
      handle: async ({ body }) => {
        const given = invitationNamed.safeParse(body);
        if (!given.success) return malformed;
        await withdrawInvitation(house.state, given.data.hash);
        return done('withdrawn');
      },
    },
  ];
}

/** Whom an invitation is for, checked by the rules of the registry before a link goes out. */
function enrolmentOf(draft: Registry, given: z.output<typeof invitee>): Enrolment {
  const known = draft.persons.find(({ id }) => id === given.id);
  if (given.kind === 'device') {
    if (known !== undefined) return { id: given.id, name: null, level: null };
    throw new OneRoofError('PERSON_UNKNOWN', {
      problem: `${given.id} is not in the draft`,
      fix: 'invite them as somebody new, with a name and a level',
    });
  }
  const { id, name, level } = given;
  if (known !== undefined)
    throw new OneRoofError('USAGE', {
      problem: `${id} is there already, as ${known.name}`,
      fix: 'choose another id, or "Another device" beside that person',
    });
  const persons = [...draft.persons, { id, name, level, keys: [] }].toSorted((one, other) =>
    one.id < other.id ? -1 : 1,
  );
  parsed(parseRegistry({ text: JSON.stringify({ ...draft, persons }), file: 'the draft' }));
  return { id, name, level };
}
