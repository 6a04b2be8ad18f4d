import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { publishedForms } from '../../src/cli/json/schema-names.ts';
import { verbs } from '../../src/cli/verbs.io.ts';
import { jsonPage, jsonSchemaPage } from '../../scripts/json-page.ts';
import { runSql, withDatabase } from '../database.io.ts';
import { type Place, withPlace } from '../runbooks/place.io.ts';
import { freePort, hasBrowser, launch, addAuthenticator } from '../signing/browser.io.ts';
import { signOn } from '../signing/desk.io.ts';
import { isLong } from '../counts.ts';
import { type Shown } from './people.io.ts';
import { oneroof } from './run.io.ts';
import { nextsOf, refusal } from './command-line.ts';

const docs = join(import.meta.dirname, '..', '..', 'docs');
const { $defs } = JSON.parse(readFileSync(join(docs, 'json.schema.json'), 'utf8')) as {
  readonly $defs: Record<string, z.core.JSONSchema.JSONSchema>;
};

/** Why an object is not of the form that is published under its name; null where it is. */
function problemOf(value: unknown): string | null {
  const { schema } = z.looseObject({ schema: z.string() }).parse(value);
  const form = $defs[schema];
  if (form === undefined) return `${schema} is not published`;
  return z.fromJSONSchema({ ...form, $defs }).safeParse(value).error?.message ?? null;
}

type People = NonNullable<Parameters<Place['type']>[1]>;

/** Types each line with --json, in this order, and says which forms were seen. */
async function typed(
  { type }: Place,
  lines: readonly (readonly [line: string, people?: People, refused?: string])[],
): Promise<ReadonlyMap<string, string>> {
  const seen = new Map<string, string>();
  let clone = '';
  for (const [words, people, refused] of lines) {
    const line = words.replace('CLONE', clone);
    const answer = await type(`oneroof ${line} --json`, people);
    expect(answer.stdout.trimEnd(), `${line}\n${answer.stderr}`).not.toBe('');
    const value = JSON.parse(answer.stdout) as {
      readonly schema: string;
      readonly exit: number;
      readonly lease?: { readonly database: string };
    };
    clone = value.lease?.database ?? clone;
    expect([line, problemOf(value), value.exit], answer.stdout.slice(0, 2000)).toEqual([line, null, answer.status]);
    expect(value.schema === 'oneroof/error/1' ? answer.stdout : '', line).toContain(refused ?? '');
    expect(value.schema === 'oneroof/error/1', `${line}: ${answer.stdout}`).toBe(refused !== undefined);
    const name = verbs.find((verb) => `${line} `.startsWith(`${verb.name} `))?.name ?? '';
    for (const next of nextsOf(value)) expect(await refusal(next), `${line}: ${next}`).toBeNull();
    seen.set(`${name} ${value.schema}`, name);
  }
  return seen;
}

/** A passkey is made in a browser with an authenticator. */
const enrolling: People = async ({ url }: Shown) => {
  const browser = await launch();
  try {
    const tab = await (await browser.newContext()).newPage();
    await addAuthenticator(tab, 'verifies');
    await tab.goto(url);
    await tab.click('form button');
    await tab.waitForSelector('output.go');
  } finally {
    await browser.close();
  }
};

const interrupting: People = async (_, interrupt) => interrupt();

describe.skipIf(!hasBrowser())('the JSON of every command', () => {
  it('has the form that is published for it', { timeout: 400_000 }, () =>
    withDatabase('18', (database) =>
      withDatabase('18', (fresh) =>
        withPlace('18', { database }, async (place) => {
          const { gated, home } = place;
          const { ana, ben } = gated.people;
          const one: People = async ({ said }) => void (await signOn(said, gated, ana));
          const first: People = async (shown, interrupt) => {
            await one(shown, interrupt);
            interrupt();
          };
          const two: People = async ({ said }) => {
            for (const by of [ana, ben]) await signOn(said, gated, by);
          };
          const ready = readFileSync(join(home, 'oneroof.yaml'), 'utf8');
          const admin = `postgres://postgres@/${fresh.database}?host=${encodeURIComponent(fresh.host)}`;
          const more = `targets:\n  fresh: { url: "${admin}", admin: { url: "${admin}" } }`;
          writeFileSync(
            join(home, 'oneroof.yaml'),
            `serve: { state: { url: "${admin}" } }\ndefaultTarget: production\n${ready.replace('targets:', more)}`,
          );
          mkdirSync(join(home, 'repository', 'migrations'), { recursive: true });
          const migration = join(home, 'repository', 'migrations', '000001_one');
          writeFileSync(`${migration}.up.sql`, 'create table one (id int);');
          writeFileSync(`${migration}.down.sql`, 'drop table one;');
          await runSql(database, [
            'create table schema_migrations (version bigint not null primary key, dirty boolean not null)',
            'grant select on schema_migrations to oneroof_observer',
          ]);
          const seen = await typed(place, [
            ['completion bash'],
            ['grants'],
            ['server list'],
            ['server add 18'],
            // one that is there would be gone; server-add.test.ts removes its own
            ['server remove 13', interrupting, 'USAGE'],
            ['init other'],
            ['new tier other more'],
            ['lint release'],
            ['check repository --all'],
            ['import repository --target production --into imported'],
            ['seal --check release'],
            ['seal release'],
            ['doctor release --target production'],
            ['clone golden'],
            ['clone pull'],
            ['rehearse release'],
            ['draft down other 2-more'],
            ['clone make'],
            ['clone list'],
            ['clone open CLONE'],
            ['clone reset CLONE'],
            ['clone drop CLONE'],
            ['clone gc'],
            ['verify release'],
            ['gate release'],
            ['baseline release'],
            ['fingerprint production --rows'],
            ['diff production production'],
            ['policy init --out first-policy.yaml'],
            ['policy check'],
            ['registry check'],
            ['registry show'],
            ['report release'],
            ['summary release'],
            ['dossier release -t production'],
            ['runbook release -t production'],
            ['prompt release -t production'],
            ['review release --finding comments --text read'],
            ['propose release'],
            ['skill'],
            ['docs'],
            [`mcp --http ${await freePort()}`, interrupting],
            ['ratify release', two],
            ['rollout release --dry-run'],
            ['rollout release --through 1-rows'],
            ['rollback release'],
            ['rollback release'],
            ['ratify release', first, 'INTERRUPTED'],
            ['decline release --reason why', one],
            ['ratify release', two],
            ['rollout release'],
            ['draft back release --out back'],
            ['revoke release --reason why', one],
            ['log'],
            ['bundle release --out b.json'],
            ['verify-evidence b.json'],
            ['install fresh --app-owner app_owner'],
            ['upgrade production'],
            ['registry add-key machine --may seal'],
            ['registry drop ira --out other.json'],
            ['enrol --person ana', enrolling],
            ['serve', interrupting],
            ['abandon release --reason why', two],
            ['adopt production --reason why', two],
            ['uninstall production'],
            ['uninstall production --apply'],
          ]);
          const names = [...seen.values()];
          const left = verbs.map(({ name }) => name).filter((name) => !names.includes(name));
          // it takes a minute by itself: below
          expect(left).toEqual(['demo']);
        }),
      ),
    ),
  );

  it.runIf(isLong)('has it for the demo too', { timeout: 400_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'oneroof-json-'));
    const { stdout, stderr } = oneroof(['demo', '--auto', '--json'], { folder });
    rmSync(folder, { recursive: true });
    expect(problemOf(JSON.parse(stdout)), stderr).toBeNull();
  });

  it('is described field by field, and in files that npm run docs has written', () => {
    for (const [name, { fields, form }] of Object.entries(publishedForms)) {
      const { properties = {} } = z.toJSONSchema(form, { unrepresentable: 'any' });
      for (const field of Object.keys(properties))
        if (field !== 'schema' && field !== 'exit')
          expect([name, fields], field).toEqual([name, expect.stringContaining(`\`${field}`)]);
    }
    expect(readFileSync(join(docs, 'JSON.md'), 'utf8')).toBe(jsonPage());
    expect(readFileSync(join(docs, 'json.schema.json'), 'utf8')).toBe(jsonSchemaPage());
  });

  it('would find another form', () => {
    const good = { schema: 'oneroof/seal/1', exit: 0, seal: `sha256:${'0'.repeat(64)}` };
    expect(problemOf(good)).toBeNull();
    // what was seen: a digest in place of the name of the form, a reading in place of the exit status
    expect(problemOf({ ...good, schema: good.seal })).toContain('is not published');
    for (const bad of [
      { ...good, exit: { metrics: {} } },
      { ...good, more: 1 },
      { schema: good.schema, exit: 0 },
    ])
      expect(problemOf(bad)).not.toBeNull();
  });
});
