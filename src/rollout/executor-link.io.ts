import { type Session } from '../database/index.ts';
import { attemptName, openExecutor, renewSettings } from './executor-session.io.ts';
import { requireWritable } from './preflight.io.ts';
import { type RolloutRun } from './run.ts';

/** The session of a run: opened when it is needed, and again where it was lost. */
export class ExecutorLink {
  private readonly plan: RolloutRun;
  private session: Session | null = null;

  constructor(plan: RolloutRun) {
    this.plan = plan;
  }

  /** Errors  those of openExecutor; a server that takes no writes. */
  async open(): Promise<Session> {
    if (this.session !== null) return this.session;
    this.session = await this.connect(attemptName);
    this.plan.onSession?.(this.session.pid);
    // an address may lead elsewhere than a moment ago
    await requireWritable(this.session);
    return this.session;
  }

  /** The same, with the settings that the gate reset in the previous transaction. */
  async renewed(): Promise<Session> {
    const session = await this.open();
    const { sealed, lease } = this.plan;
    await renewSettings(session, sealed.release.settings, { applicationName: attemptName, write: 'yes', lease });
    return session;
  }

  /** Another session beside it. */
  connect(applicationName: string): Promise<Session> {
    const { sealed, target, lease } = this.plan;
    return openExecutor(target.executor, sealed.release.settings, { applicationName, write: 'yes', lease });
  }

  async close(): Promise<void> {
    await this.session?.close();
    this.session = null;
  }
}
