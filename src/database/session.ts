import { z } from 'zod';
import { type Formed } from '../core/index.ts';

/** A notice that the server sent; its text is hostile. */
export const noticeForm = z.object({
  severity: z.string(),
  code: z.string(),
  message: z.string(),
  /** What the server adds: the objects that DROP … CASCADE takes along. */ detail: z.string().exactOptional(),
});
export type Notice = Formed<typeof noticeForm>;

/** A NOTIFY that this session received; its text is hostile. */
export const notificationForm = z.object({ channel: z.string(), payload: z.string() });
export type Notification = Formed<typeof notificationForm>;

/** What one statement answered: its command tag and the number of rows, null where it has none. */
export interface StepResult {
  readonly command: string;
  readonly rows: number | null;
}
