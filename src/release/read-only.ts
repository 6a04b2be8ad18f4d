import { type Problem, stated } from '../core/index.ts';
import { type Statement } from './parser.ts';
import { dispatchFunctions } from './refused-statements.ts';
import { visit } from './parse-tree.ts';

/** Functions that write, wait, or reach out, although they are in a SELECT. */
const notForReading =
  /^(nextval|setval|set_config|pg_notify|lo_.*|pg_advisory_.*|pg_try_advisory_.*|dblink.*|http.*|pg_read_.*|pg_ls_.*|pg_stat_file|pg_terminate_backend|pg_cancel_backend|pg_sleep.*|query_to_xml.*|database_to_xml.*|pg_logical_.*|pg_create_.*|pg_drop_.*|pg_reload_conf|pg_switch_wal|pg_export_snapshot|txid_current|ts_stat|ts_rewrite|pg_stat_reset.*|pg_replication_.*|pg_import_system_collations|pg_current_xact_id|currval|lastval)$/;

/**
 * Says why a statement is not one harmless SELECT, as metrics and checks must be.
 *
 * Errors  QUERY_NOT_SELECT, QUERY_WRITES as problems. A deny-list: the observer's role and its counters are what stops the rest.
 */
export function checkQuery({ tree, step, excerpt }: Statement): readonly Problem[] {
  if (step.kind !== 'SelectStmt') {
    return [
      {
        code: 'QUERY_NOT_SELECT',
        ...stated`${{ title: step.title }}: only a SELECT may read production`,
        fix: 'write it as one SELECT',
        place: step.place,
        excerpt,
      },
    ];
  }
  const problems: Problem[] = [];
  const writes = (what: string): number =>
    problems.push({
      code: 'QUERY_WRITES',
      ...stated`${{ statement: what }} does more than read`,
      fix: 'write it as a SELECT that only reads',
      place: step.place,
      excerpt,
    });
  visit(tree, (kind, node) => {
    if (kind === 'intoClause') writes('SELECT INTO');
    if (kind === 'LockingClause') writes('FOR UPDATE or FOR SHARE');
    if (/^(Insert|Update|Delete|Merge)Stmt$/.test(kind)) writes('a data-modifying WITH');
    const name =
      kind === 'FuncCall' && Array.isArray(node['funcname'])
        ? (node['funcname'].at(-1) as { String?: { sval?: string } }).String?.sval
        : undefined;
    if (name !== undefined && (notForReading.test(name) || dispatchFunctions.test(name))) writes(`${name}()`);
  });
  return problems;
}
