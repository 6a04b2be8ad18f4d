import {
  type CatalogQuery,
  comment,
  lasting,
  named,
  objects,
  operator,
  own,
  qualified,
  role,
  routine,
  type,
} from './catalog.ts';

/** Operators, their classes and families, and what belongs to a family, which may be one of PostgreSQL's own. */
export const operatorQueries: readonly CatalogQuery[] = [
  () =>
    objects({
      kind: 'operator',
      key: ['pg_operator', 'x.oid'],
      name: `${qualified('x.oprname')} || format('(%s, %s)', coalesce(${type('x.oprleft')}, 'none'), coalesce(${type('x.oprright')}, 'none'))`,
      logical: {
        form: 'x.oprkind',
        result: type('x.oprresult'),
        function: routine('x.oprcode'),
        commutator: operator('x.oprcom'),
        negator: operator('x.oprnegate'),
        restrict: routine('x.oprrest'),
        join: routine('x.oprjoin'),
        merges: 'x.oprcanmerge',
        hashes: 'x.oprcanhash',
        owner: role('x.oprowner'),
        comment: comment('pg_operator', 'x.oid'),
      },
      from: `pg_operator x join pg_namespace n on n.oid = x.oprnamespace where ${lasting} and ${own('x.oid')}`,
    }),
  () =>
    objects({
      kind: 'operator class',
      key: ['pg_opclass', 'x.oid'],
      name: `${qualified('x.opcname')} || ' using ' || m.amname`,
      logical: {
        input: type('x.opcintype'),
        key: type('x.opckeytype'),
        default: 'x.opcdefault',
        family: named('opfamily', 'x.opcfamily'),
        owner: role('x.opcowner'),
        comment: comment('pg_opclass', 'x.oid'),
      },
      from: `pg_opclass x join pg_namespace n on n.oid = x.opcnamespace join pg_am m on m.oid = x.opcmethod where ${lasting} and ${own('x.oid')}`,
    }),
  () =>
    objects({
      kind: 'operator family',
      key: ['pg_opfamily', 'x.oid'],
      name: `${qualified('x.opfname')} || ' using ' || m.amname`,
      logical: { owner: role('x.opfowner'), comment: comment('pg_opfamily', 'x.oid') },
      from: `pg_opfamily x join pg_namespace n on n.oid = x.opfnamespace join pg_am m on m.oid = x.opfmethod where ${lasting} and ${own('x.oid')}`,
    }),
  () =>
    objects({
      kind: 'operator of family',
      key: ['pg_amop', 'x.oid'],
      name: `format('%s %s: %s for %s', ${named('opfamily', 'x.amopfamily')}, x.amopstrategy, ${operator('x.amopopr')}, x.amoppurpose)`,
      logical: {
        types: `jsonb_build_array(${type('x.amoplefttype')}, ${type('x.amoprighttype')})`,
        sort: named('opfamily', 'x.amopsortfamily'),
        class: classOf('pg_amop'),
      },
      from: `pg_amop x where ${own('x.oid')}`,
    }),
  () =>
    objects({
      kind: 'function of family',
      key: ['pg_amproc', 'x.oid'],
      name: `format('%s %s (%s, %s)', ${named('opfamily', 'x.amprocfamily')}, x.amprocnum, ${type('x.amproclefttype')}, ${type('x.amprocrighttype')})`,
      logical: { function: routine('x.amproc'), class: classOf('pg_amproc') },
      from: `pg_amproc x where ${own('x.oid')}`,
    }),
  () =>
    objects({
      kind: 'access method',
      key: ['pg_am', 'x.oid'],
      name: 'quote_ident(x.amname)',
      logical: { type: 'x.amtype', handler: routine('x.amhandler'), comment: comment('pg_am', 'x.oid') },
      from: `pg_am x where ${own('x.oid')}`,
    }),
  () =>
    objects({
      kind: 'cast',
      key: ['pg_cast', 'x.oid'],
      name: `format('(%s AS %s)', format_type(x.castsource, null), format_type(x.casttarget, null))`,
      logical: {
        function: routine('x.castfunc'),
        context: 'x.castcontext',
        method: 'x.castmethod',
        comment: comment('pg_cast', 'x.oid'),
      },
      from: `pg_cast x where ${own('x.oid')}`,
    }),
  () =>
    objects({
      kind: 'transform',
      key: ['pg_transform', 'x.oid'],
      name: `format('%s for %I', format_type(x.trftype, null), l.lanname)`,
      logical: {
        from: routine('x.trffromsql'),
        to: routine('x.trftosql'),
        comment: comment('pg_transform', 'x.oid'),
      },
      from: `pg_transform x join pg_language l on l.oid = x.trflang where ${own('x.oid')}`,
    }),
];

/** SQL: the operator class that a family's member came with; null for one that was added to the family. */
function classOf(catalog: string): string {
  return `(select ${named('opclass', 'd.refobjid')} from pg_depend d where d.classid = '${catalog}'::regclass and d.objid = x.oid and d.refclassid = 'pg_opclass'::regclass and d.deptype = 'i')`;
}
