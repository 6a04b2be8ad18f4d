import { onAbort } from '../core/index.ts';
import { type Migration } from '../import/index.ts';
import { type JudgedMigration, type JudgementRecord } from './check-result.ts';

/**
 * Who judges what. Several chains go along the same history; the first that comes to a migration judges it, and the others go past it. What was
 * judged is handed on in the order of the migrations.
 */
export class VerdictBoard {
  private readonly order: readonly Migration[];
  private readonly onJudged: (judged: JudgedMigration) => void;
  private readonly judgements = new Map<Migration, JudgementRecord>();
  private readonly claimed = new Set<Migration>();
  private readonly waiting = new Map<Migration, ((judgement: JudgementRecord) => void)[]>();
  private handedOn = 0;

  constructor(
    order: readonly Migration[],
    known: ReadonlyMap<Migration, JudgementRecord>,
    onJudged: (judged: JudgedMigration) => void,
  ) {
    this.order = order;
    this.onJudged = onJudged;
    for (const [migration, judgement] of known) this.say(migration, judgement);
  }

  /** How many are judged by no one yet. */
  get open(): number {
    return this.order.length - this.claimed.size;
  }

  /** Whether the caller is the one who judges it; true once for each migration. */
  claim(migration: Migration): boolean {
    if (this.claimed.has(migration)) return false;
    this.claimed.add(migration);
    return true;
  }

  say(migration: Migration, judgement: JudgementRecord): void {
    this.claimed.add(migration);
    this.judgements.set(migration, judgement);
    for (const hear of this.waiting.get(migration) ?? []) hear(judgement);
    this.waiting.delete(migration);
    for (let next = this.next(); next !== null; next = this.next()) {
      this.handedOn += 1;
      this.onJudged(next.judged);
    }
  }

  /** The judgement of a claimed migration, when it is there. */
  async of(migration: Migration, signal: AbortSignal): Promise<JudgementRecord> {
    const known = this.judgements.get(migration);
    if (known !== undefined) return known;
    return await new Promise((resolve, reject) => {
      this.waiting.set(migration, [...(this.waiting.get(migration) ?? []), resolve]);
      onAbort(signal, () => reject(signal.reason));
    });
  }

  /** All that were judged, in the order of the migrations. */
  all(): readonly JudgementRecord[] {
    return this.order.flatMap((migration) => this.judgements.get(migration) ?? []);
  }

  private next(): JudgementRecord | null {
    const migration = this.order[this.handedOn];
    return (migration === undefined ? undefined : this.judgements.get(migration)) ?? null;
  }
}
