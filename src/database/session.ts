/** A notice that the server sent; its text is hostile. */
export interface Notice {
  readonly severity: string;
  readonly code: string;
  readonly message: string;
}

/** A NOTIFY that this session received; its text is hostile. */
export interface Notification {
  readonly channel: string;
  readonly payload: string;
}

/** What one statement answered: its command tag and the number of rows, null where it has none. */
export interface StepResult {
  readonly command: string;
  readonly rows: number | null;
}
