import { afterAll, beforeAll } from 'vitest';

/**
 * What a `with…` function hands over, for all tests of a group that leave it as it was: made before the first, dropped after the last.
 *
 * Shape   a function that gives it, to be called in a test.
 */
export function shared<T>(within: (use: (given: T) => Promise<void>) => Promise<void>): () => T {
  let made: { readonly given: T } | null = null;
  let end = (): void => undefined;
  let dropped: Promise<void> = Promise.resolve();
  beforeAll(
    () =>
      new Promise<void>((ready, failed) => {
        dropped = within(async (given) => {
          made = { given };
          ready();
          await new Promise<void>((resolve) => (end = resolve));
        });
        dropped.catch(failed);
      }),
  );
  afterAll(async () => {
    end();
    await dropped;
  });
  return () => {
    if (made === null) throw new Error('nothing was made before this test');
    return made.given;
  };
}
