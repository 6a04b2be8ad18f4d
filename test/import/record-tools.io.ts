import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** A tool whose migrations are programs, with a project of two: a table with a row, and a column. */
export interface ProgramTool {
  readonly name: string;
  /** What installs it, where it is not here; null: it is. */
  readonly missing: string | null;
  readonly files: Readonly<Record<string, string>>;
  readonly forward: string;
  readonly back: string;
  /** The migrations as they are recorded: their files, and what the ups and the downs have. */
  readonly migrations: readonly (readonly [file: string, up: RegExp, down: RegExp])[];
  /** What the check warns of: a tool that ends with an error where nothing is pending. */
  readonly warns?: RegExp;
}

const node = (path: string, words: string): string =>
  `"${process.execPath}" "${join(root, 'node_modules', path)}" ${words}`;
const runs = (program: string, words: readonly string[]): boolean => spawnSync(program, words).status === 0;
const debian = (packages: string, isThere: boolean): string | null => (isThere ? null : `apt-get install ${packages}`);

const create = 'create table orders (id int primary key, name text)';
const insert = `insert into orders values ($1, $2)`;
const column = 'alter table orders add column total numeric';
const noColumn = 'alter table orders drop column total';
/** What is recorded of them: values are put in the place of parameters. */
const orders = /^(?:SET [^;]*;\n)*create table orders[^;]*;\ninsert into orders values \('?1'?, 'it''s'\);\n$/i;
const only = (form: string): RegExp => new RegExp(`^(?:SET [^;]*;\\n)*${form};\\n$`, 'i');
const noOrders = only('drop table orders');
const total = only('alter table (?:"public".)?"?orders"?\\s+add (?:column )?"?total"? (?:numeric|decimal)');
const noTotal = only('alter table (?:"public".)?"?orders"?\\s+drop (?:column )?"?total"?');
const connection = `host: process.env.PGHOST, username: process.env.PGUSER, database: process.env.PGDATABASE`;

export const programTools: readonly ProgramTool[] = [
  {
    name: 'typeorm',
    missing: null,
    files: {
      'data-source.js': `const { DataSource } = require('typeorm');
module.exports = new DataSource({ type: 'postgres', ${connection}, migrations: ['migrations/*.js'] });`,
      'migrations/1700000000001-Orders.js': `module.exports.Orders1700000000001 = class Orders1700000000001 {
  async up(runner) { await runner.query('${create}'); await runner.query('${insert}', [1, "it's"]); }
  async down(runner) { await runner.query('drop table orders'); }
};`,
      'migrations/1700000000002-Total.js': `module.exports.Total1700000000002 = class Total1700000000002 {
  async up(runner) { await runner.query('${column}'); }
  async down(runner) { await runner.query('${noColumn}'); }
};`,
    },
    forward: node('typeorm/cli.js', 'migration:run -d data-source.js'),
    back: node('typeorm/cli.js', 'migration:revert -d data-source.js'),
    migrations: [
      ['migrations/1700000000001-Orders.js', orders, noOrders],
      ['migrations/1700000000002-Total.js', total, noTotal],
    ],
  },
  {
    name: 'sequelize',
    missing: null,
    files: {
      // by NODE_ENV, which a runner of tests sets
      'config/config.js': `const one = { dialect: 'postgres', ${connection} };\nmodule.exports = { development: one, test: one };`,
      'migrations/20240101000001-orders.js': `module.exports = {
  up: async (query) => { await query.sequelize.query('${create}'); await query.sequelize.query('${insert}', { bind: [1, "it's"] }); },
  down: (query) => query.sequelize.query('drop table orders'),
};`,
      'migrations/20240101000002-total.js': `module.exports = {
  up: (query, { DECIMAL }) => query.addColumn('orders', 'total', DECIMAL),
  down: (query) => query.removeColumn('orders', 'total'),
};`,
    },
    forward: node('sequelize-cli/lib/sequelize', 'db:migrate'),
    back: node('sequelize-cli/lib/sequelize', 'db:migrate:undo'),
    migrations: [
      ['migrations/20240101000001-orders.js', orders, noOrders],
      ['migrations/20240101000002-total.js', total, noTotal],
    ],
  },
  {
    name: 'mikro-orm',
    missing: null,
    files: {
      // its command line runs only where this names it
      'package.json': '{ "dependencies": { "@mikro-orm/cli": "6.6.16" } }',
      'mikro-orm.config.js': `const { defineConfig } = require('@mikro-orm/postgresql');
const { Migrator } = require('@mikro-orm/migrations');
module.exports = defineConfig({
  host: process.env.PGHOST, user: process.env.PGUSER, dbName: process.env.PGDATABASE, entities: [],
  discovery: { warnWhenNoEntities: false }, extensions: [Migrator], migrations: { path: 'migrations', snapshot: false },
});`,
      'migrations/Migration20240101000001.js': `const { Migration } = require('@mikro-orm/migrations');
module.exports.Migration20240101000001 = class Migration20240101000001 extends Migration {
  async up() { this.addSql('${create}'); this.addSql("insert into orders values (1, 'it''s')"); }
  async down() { this.addSql('drop table orders'); }
};`,
      'migrations/Migration20240101000002.js': `const { Migration } = require('@mikro-orm/migrations');
module.exports.Migration20240101000002 = class Migration20240101000002 extends Migration {
  async up() { this.addSql('${column}'); }
  async down() { this.addSql('${noColumn}'); }
};`,
    },
    forward: node('@mikro-orm/cli/cli.js', 'migration:up'),
    back: node('@mikro-orm/cli/cli.js', 'migration:down'),
    migrations: [
      ['migrations/Migration20240101000001.js', orders, noOrders],
      ['migrations/Migration20240101000002.js', total, noTotal],
    ],
  },
  {
    name: 'node-pg-migrate',
    missing: null,
    files: {
      'migrations/1700000000001_orders.js': `exports.up = (pgm) => { pgm.sql('${create}'); pgm.sql("insert into orders values (1, 'it''s')"); };
exports.down = (pgm) => pgm.sql('drop table orders');`,
      'migrations/1700000000002_total.js': `exports.up = (pgm) => pgm.addColumn('orders', { total: 'numeric' });`,
    },
    forward: node('node-pg-migrate/bin/node-pg-migrate.js', 'up -m migrations'),
    back: node('node-pg-migrate/bin/node-pg-migrate.js', 'down -m migrations'),
    migrations: [
      ['migrations/1700000000001_orders.js', orders, noOrders],
      ['migrations/1700000000002_total.js', total, noTotal],
    ],
  },
  {
    name: 'alembic',
    missing: debian('alembic python3-psycopg2', runs('alembic', ['--version'])),
    files: {
      'alembic.ini': '[alembic]\nscript_location = .\n',
      'env.py': `from alembic import context
from sqlalchemy import create_engine
with create_engine('postgresql+psycopg2:///').connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
`,
      'versions/a1_orders.py': `from alembic import op
from sqlalchemy import text
revision = 'a1'
down_revision = None
def upgrade():
    op.execute('${create}')
    op.get_bind().execute(text('insert into orders values (:id, :name)'), {'id': 1, 'name': "it's"})
def downgrade():
    op.execute('drop table orders')
`,
      'versions/b2_total.py': `from alembic import op
revision = 'b2'
down_revision = 'a1'
def upgrade():
    op.execute('${column}')
def downgrade():
    op.execute('${noColumn}')
`,
    },
    forward: 'alembic upgrade +1',
    back: 'alembic downgrade -1',
    warns: /^alembic upgrade \+1 ended with status 255 after 2 migrations, without any work: /,
    migrations: [
      ['versions/a1_orders.py', orders, noOrders],
      ['versions/b2_total.py', total, noTotal],
    ],
  },
  {
    name: 'django',
    missing: debian('python3-django python3-psycopg2', runs('/usr/bin/python3', ['-c', 'import django, psycopg2'])),
    files: {
      'manage.py': `import os, sys
os.environ['DJANGO_SETTINGS_MODULE'] = 'settings'
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
`,
      'settings.py': `import os
DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'HOST': os.environ['PGHOST'], 'USER': os.environ['PGUSER'], 'NAME': os.environ['PGDATABASE']}}
INSTALLED_APPS = ['shop']
SECRET_KEY = 'x'
`,
      'shop/__init__.py': '',
      'shop/migrations/__init__.py': '',
      'shop/migrations/0001_orders.py': `from django.db import migrations
class Migration(migrations.Migration):
    operations = [migrations.RunSQL([('${create}', None), ('insert into orders values (%s, %s)', [1, "it's"])], 'drop table orders')]
`,
      'shop/migrations/0002_total.py': `from django.db import migrations
class Migration(migrations.Migration):
    dependencies = [('shop', '0001_orders')]
    operations = [migrations.RunSQL('${column}', '${noColumn}')]
`,
    },
    forward: '/usr/bin/python3 manage.py migrate shop',
    back: '/usr/bin/python3 manage.py migrate shop zero',
    migrations: [
      ['shop/migrations/0001_orders.py', orders, noOrders],
      ['shop/migrations/0002_total.py', total, noTotal],
    ],
  },
  {
    name: 'rails',
    missing: debian('ruby-activerecord ruby-pg', runs('ruby', ['-e', 'require "active_record"; require "pg"'])),
    files: {
      'migrate.rb': `require 'active_record'
ActiveRecord::Base.establish_connection(ENV['DATABASE_URL'])
all = ActiveRecord::MigrationContext.new('db/migrate', ActiveRecord::SchemaMigration)
ARGV[0] == 'up' ? all.migrate : all.rollback(1)
`,
      'db/migrate/20240101000001_orders.rb': `class Orders < ActiveRecord::Migration[6.1]
  def up
    execute '${create}'
    execute "insert into orders values (1, 'it''s')"
  end
  def down
    execute 'drop table orders'
  end
end
`,
      'db/migrate/20240101000002_total.rb': `class Total < ActiveRecord::Migration[6.1]
  def change
    add_column :orders, :total, :decimal
  end
end
`,
    },
    forward: 'ruby migrate.rb up',
    back: 'ruby migrate.rb down',
    migrations: [
      ['db/migrate/20240101000001_orders.rb', orders, noOrders],
      ['db/migrate/20240101000002_total.rb', total, noTotal],
    ],
  },
];
