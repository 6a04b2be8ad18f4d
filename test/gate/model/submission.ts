import { type Action, inForce, type Outcome, policyOf, registryOf, type World } from './state.ts';
import { fills } from './opening.ts';
import { type Next } from './transactions.ts';
import { type Change, type Document, type Statement } from './world.ts';

/** What people and the relay hand in. */
export function submitted(world: World, { statement: id, by, over }: Extract<Action, { do: 'submit' }>): Next {
  const statement = world.statements[id] as Statement;
  const answer = (outcome: Outcome): Next => ({ world, outcome });
  if (statement.kind === 'ratification') {
    if (statement.registry !== inForce(world, 'registry')) return answer('registry');
    if (statement.policy !== inForce(world, 'policy')) return answer('policy');
  }
  if (!registryOf(world, inForce(world, 'registry')).people.includes(by)) return answer('credential');
  if (over === 'another') return answer('challenge');
  if (statement.kind === 'ratification' && statement.authors.includes(by)) return answer('author');
  const isSigned = world.signatures.some((one) => one.statement === id && one.person === by);
  if (isSigned) return answer('duplicate');
  return {
    world: { ...world, signatures: [...world.signatures, { statement: id, person: by, at: world.now }] },
    outcome: 'ok',
  };
}

/** Who has signed a change and not withdrawn it, by the registry in force. */
export function signersOf(world: World, change: Change): readonly string[] {
  const registry = registryOf(world, inForce(world, 'registry'));
  const withdrew = (person: string): boolean =>
    world.signatures.some((one) => {
      const found = world.statements[one.statement];
      return found?.kind === 'revocation' && found.of === change.id && one.person === person;
    });
  return world.signatures
    .filter(({ statement, person }) => statement === change.id && registry.people.includes(person) && !withdrew(person))
    .map(({ person }) => person);
}

export function accepted(world: World, token: string): Next {
  const document = world.documents[token] as Document;
  const { kind } = document;
  const current = inForce(world, kind);
  if (document.kind === 'registry') {
    const { version, previous } = document.registry;
    // the form of a next registry names the one before it
    if (previous === null) return { world, outcome: 'document' };
    if (previous !== current || version !== registryOf(world, current).version + 1) return { world, outcome: 'chain' };
  }
  const policy = policyOf(world, inForce(world, 'policy'));
  const change = Object.values(world.statements).find((one): one is Change => {
    if (one.kind !== kind || one.document !== token) return false;
    if (one.previous !== current || one.number !== world.accepted[kind].length || world.spent.includes(one.id))
      return false;
    if (world.now < one.notBefore || world.now > one.expires || one.expires - one.notBefore > policy.longest)
      return false;
    return fills(policy.quorum, signersOf(world, one));
  });
  if (change === undefined) return { world, outcome: 'quorum' };
  return {
    world: {
      ...world,
      accepted: { ...world.accepted, [kind]: [...world.accepted[kind], token] },
      spent: [...world.spent, change.id],
    },
    outcome: 'ok',
  };
}
