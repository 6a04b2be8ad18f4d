import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadedBy } from './loaded.io.ts';

const example = join(import.meta.dirname, '..', '..', 'examples', 'one-roof');
/** What the words of any command need: the line that they are set in, too. */
const small = [
  'ansi-regex',
  'commander',
  'get-east-asian-width',
  'picocolors',
  'src/cli',
  'src/core',
  'string-width',
  'strip-ansi',
];

describe('a command loads what it uses, and nothing else', () => {
  it.each([[['--version']], [['--help']], [['gate', '--help']]])('%j loads no command at all', (words) => {
    expect(loadedBy(words)).toMatchObject({ status: 0, parts: small });
  });

  it('completion loads itself alone', () => {
    expect(loadedBy(['completion', 'bash'])).toMatchObject({
      status: 0,
      parts: [...small, 'src/cli/commands'].toSorted(),
    });
  });

  it('lint reads YAML and SQL, and no database, page or passkey', () => {
    const { status, parts } = loadedBy(['lint', example]);
    expect(status).toBe(0);
    expect(parts).toEqual(expect.arrayContaining(['libpg-query', 'yaml', 'zod', 'src/release']));
    expect(parts.filter((part) => /^(pg|pg-cursor|hono|@hono\/.*|@simplewebauthn\/.*)$/.test(part))).toEqual([]);
    expect(parts).not.toContain('src/signing');
    expect(parts).not.toContain('src/site');
    expect(parts).not.toContain('src/rehearsal');
  });

  it.each([['gate'], ['report'], ['rollout'], ['log']])('%s serves no page and makes no passkey', (verb) => {
    const { status, parts } = loadedBy([verb, '-C', join(example, 'tiers')]);
    expect(status).toBe(2);
    expect(parts).toContain('src/setup');
    expect(parts.filter((part) => /^(src\/(web|server|demo)|hono|@hono\/.*|@simplewebauthn\/.*)$/.test(part))).toEqual(
      [],
    );
  });

  it('serve loads what makes passkeys only when one is made', () => {
    const { status, parts } = loadedBy(['serve', '-C', join(example, 'tiers')]);
    expect(status).toBe(2);
    expect(parts).toContain('hono');
    expect(parts.filter((part) => part.startsWith('@simplewebauthn/') || part === 'src/demo')).toEqual([]);
  });

  it('fails where a forbidden part is loaded: the control', () => {
    expect(loadedBy(['lint', example], { forbidden: 'zod' })).toMatchObject({ status: 4 });
    expect(loadedBy(['--version'], { forbidden: 'commander' }).stderr).toContain('commander was loaded');
  });
});
