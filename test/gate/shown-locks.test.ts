import { describe, expect, it } from 'vitest';
import { gateFunctions } from '../../src/gate/install.ts';
import { withStory } from '../incidents/story.io.ts';

/** What the server locks to show: the tables that views, rules and bodies of SQL name. The locks stay until the transaction ends, or what took them is undone. */
const locking = /\bpg_get_(?:viewdef|ruledef|function_sqlbody)\(/;

/** The functions of the gate that show such things, each with its text. */
function showing(text: string): ReadonlyMap<string, string> {
  const all = text.split(/^create (?:or replace )?function /m).slice(1);
  const named = all.map((one) => [/^gate\.\w+/.exec(one)?.[0] ?? '', one] as const);
  return new Map(named.filter(([, one]) => locking.test(one)));
}

/** No release names the things that these tables hold; the gate reads all of them. */
const application = [
  'create table public.items (k text primary key)',
  'create table public.others (k text)',
  'create view public.seen as select 1 as one',
  "create view public.own_items as select * from public.items where k = current_setting('app.customer', true)",
  'create rule kept as on delete to public.items where old.k > $$z$$ do instead nothing',
  'create rule written as on insert to public.seen do instead insert into public.others values ($$x$$)',
  'create function public.counted() returns bigint language sql security definer begin atomic; select count(*) from public.items; end',
  "create function public.own_count() returns bigint language sql begin atomic; select count(*) from public.others where k = current_setting('app.customer', true); end",
];

it('a rehearsal, with the gate as in production, uses no table that the gate only shows', { timeout: 120_000 }, () =>
  withStory({ application }, async (story) => {
    expect(story.run('clone', 'golden').status).toBe(0);
    story.write({ up: 'create table made (id integer);', down: 'drop table made;', touches: '"public.*"' });
    expect(story.run('seal', 'release').stderr).not.toContain('error:');
    const { status, stdout, stderr } = story.run('rehearse', 'release');
    expect(status, stdout + stderr).toBe(0);
  }),
);

describe('the SQL of the gate', () => {
  it('undoes what took the locks wherever it shows views, rules or bodies of SQL', () => {
    const found = showing(gateFunctions({ serverVersion: 180_000, as: 'superuser' }));
    // a tier calls the first through gate.whole_digest; the second shows the gate's own tables
    const known = ['gate.schema_digest', 'gate.intact_digest'];
    const open = [...found].filter(([, text]) => !text.includes("using errcode = 'OR000'"));
    expect(open.map(([name]) => name)).toEqual(known);
    expect([...found.keys()]).toEqual(expect.arrayContaining(['gate.look', 'gate.definers', 'gate.reading_settings']));
  });
});
