import { OneRoofError, stated } from '../core/index.ts';
import { type Connection, openSession, type Session } from '../database/index.ts';
import { type ChapterGround } from './demo-commands.ts';

/** Something that is tried with the credential of a role, and that the database has to refuse. */
export interface DemoAttempt {
  readonly who: keyof Pick<ChapterGround['production'], 'observer' | 'executor' | 'relay' | 'application'>;
  readonly what: string;
  readonly work: (session: Session) => Promise<unknown>;
}

/** What became of an attempt. */
export interface AttemptOutcome {
  readonly role: string;
  /** The SQLSTATE that the server answered with. */
  readonly state: string;
  readonly message: string;
}

/**
 * Tries something in a transaction of its own, which is never committed by us.
 *
 * Errors  INTERNAL where it was not refused: then the gate does not hold, and the demo has no more to tell.
 */
export async function tryIt(
  { production }: Pick<ChapterGround, 'production'>,
  attempt: DemoAttempt,
): Promise<AttemptOutcome> {
  const connection: Connection = production[attempt.who];
  const session = await openSession(connection, {
    applicationName: 'oneroof demo',
    timeouts: "server's",
    settings: { search_path: 'public' },
  });
  try {
    await session.run('begin');
    await attempt.work(session);
  } catch (error) {
    const { code = '', message = '' } = error as { code?: string; message?: string };
    // five characters: the server's own word; anything else is no refusal of the database
    if (!/^[0-9A-Z]{5}$/.test(code)) throw error;
    return { role: connection.user, state: code, message };
  } finally {
    await session.close();
  }
  throw new OneRoofError('INTERNAL', {
    ...stated`NOT REFUSED: ${{ role: connection.user }} could ${{ attempt: attempt.what }}`,
    fix: 'this is a defect of One Roof: please report it',
  });
}

/** Tries one thing after the other and tells how the database answered. */
export async function tellAttempts(
  { narration, production }: Pick<ChapterGround, 'narration' | 'production'>,
  attempts: readonly DemoAttempt[],
): Promise<void> {
  for (const attempt of attempts) {
    const { role, state, message } = await tryIt({ production }, attempt);
    const who = role.replace(/^oneroof_/, '');
    narration.tried({ who, what: attempt.what, answer: `refused: ${message} (${state})` });
  }
}
