import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What of an attempt goes over the wire, in order. */
export type Word = 'begin_attempt' | 'begin' | 'enter_tier' | 'run_step' | 'run_batch' | 'leave_tier' | 'commit';
/** `before`: the server never hears the word; `sent`: it has it; `answered`: it has answered, and the command never hears it. */
export const moments = ['before', 'sent', 'answered'] as const;
export type Moment = (typeof moments)[number];

/** At which word of a command something happens; 0 is its first. */
export interface Strike {
  readonly word: number;
  readonly moment: Moment;
  /** What becomes of the connection: it is cut; it falls silent, because the command itself is struck; or it goes on. */
  readonly leaves: 'cut' | 'silent' | 'whole';
  readonly strike: () => void;
}

/** A wire between a command and the server's socket, which follows what is said over it. */
export interface Wire {
  /** The folder of the socket. */
  readonly host: string;
  /** Forgets what was said, and strikes once; null: never. */
  arm(strike: Strike | null): void;
  /** The words of attempts since then. */
  readonly said: readonly Word[];
  close(): Promise<void>;
}

/** Opens a wire to a socket of a PostgreSQL server. Source: PostgreSQL manual, "Frontend/Backend Protocol", message formats. */
export async function wireTo(socket: string): Promise<Wire> {
  const host = mkdtempSync(join(tmpdir(), 'wire-'));
  const open = new Set<Socket>();
  let said: Word[] = [];
  let armed: Strike | null = null;
  const server = createServer((client) => {
    const upstream = createConnection(socket);
    for (const one of [client, upstream]) {
      open.add(one);
      one.on('error', () => one.destroy());
      one.on('close', () => open.delete(one));
    }
    let isOver = false;
    const hit = (strike: Strike): void => {
      armed = null;
      isOver = strike.leaves !== 'whole';
      strike.strike();
      if (strike.leaves !== 'cut') return;
      client.destroy();
      upstream.end();
    };
    // each unit of the command ends with Sync, and is answered by one ReadyForQuery; the first of these answers the login
    let [units, ready] = [0, 0];
    let held: { readonly unit: number; readonly strike: Strike } | null = null;
    let unit: Buffer[] = [];
    const forward = frames({ first: 'untyped' }, (type, frame) => {
      unit.push(frame);
      if (type !== 'S' && type !== 'Q' && type !== 'X' && type !== '') return;
      const whole = Buffer.concat(unit);
      unit = [];
      if (isOver) return;
      if (type === 'S' || type === 'Q') units += 1;
      const spoken = wordIn(whole);
      // what is asked before the attempt begins only reads
      const word = said.length === 0 && spoken !== 'begin_attempt' ? null : spoken;
      const strike = word !== null && armed !== null && armed.word === said.length ? armed : null;
      if (word !== null) said.push(word);
      if (strike?.moment === 'before') hit(strike);
      if (isOver) return;
      upstream.write(whole);
      if (strike?.moment === 'sent') hit(strike);
      if (strike?.moment === 'answered') held = { unit: units, strike };
    });
    const back = frames({ first: 'typed' }, (type, frame) => {
      if (type === 'Z') ready += 1;
      if (isOver) return;
      if (held === null || ready < held.unit || (type === 'Z' && ready === held.unit)) return void client.write(frame);
      if (type === 'Z') hit(held.strike);
    });
    client.on('data', forward);
    upstream.on('data', back);
    client.on('close', () => upstream.end());
    upstream.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(join(host, '.s.PGSQL.5432'), resolve));
  return {
    host,
    arm: (strike) => {
      said = [];
      armed = strike;
    },
    get said() {
      return said;
    },
    close: async () => {
      for (const one of open) one.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(host, { recursive: true, force: true });
    },
  };
}

/** Cuts a stream into messages: a type, a length that counts itself, a body. What a client says first has no type. */
function frames(
  { first }: { readonly first: 'typed' | 'untyped' },
  take: (type: string, frame: Buffer) => void,
): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  let isUntyped = first === 'untyped';
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const at = isUntyped ? 0 : 1;
      if (rest.length < at + 4) return;
      const length = at + rest.readUInt32BE(at);
      if (rest.length < length) return;
      const frame = rest.subarray(0, length);
      rest = rest.subarray(length);
      const type = isUntyped ? '' : String.fromCharCode(frame[0] ?? 0);
      isUntyped = false;
      take(type, frame);
    }
  };
}

function wordIn(unit: Buffer): Word | null {
  const text = unit.toString('latin1');
  const [, called, alone] =
    /select gate\.(begin_attempt|enter_tier|run_step|run_batch|leave_tier)\(|\0(begin|commit)\0/.exec(text) ?? [];
  return (called ?? alone ?? null) as Word | null;
}
