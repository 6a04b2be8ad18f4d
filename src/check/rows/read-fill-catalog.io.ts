import { type Session, type Sql, sql } from '../../database/index.ts';
import { type FillCatalog, type FillTable, type FillType } from './fill-catalog.ts';
import { tablesSql, typesSql } from './fill-catalog.sql.ts';

/** A default that is the same in every database and at every time: a literal, with its casts. */
const constant = /^\(*(?:E?'(?:[^']|'')*'|-?[\d.]+|true|false)\)*(?:::[\w ."[\](),]+)?$/;

/** Reads what rows must be like, in two round trips. The session has its pinned search_path, so that every name comes with its schema. */
export async function readFillCatalog(session: Session): Promise<FillCatalog> {
  const tables = await read<FillTable>(session, tablesSql);
  const types = await read<FillType>(session, typesSql);
  return {
    tables: tables.map((table) => ({
      ...table,
      columns: table.columns.map((column) => ({
        ...column,
        constant: column.constant !== null && constant.test(column.constant) ? column.constant : null,
      })),
    })),
    types: new Map(types.map((type) => [type.oid, type])),
  };
}

async function read<Row>(session: Session, statement: Sql): Promise<Row[]> {
  const rows = await session.query<{ row: string }>(
    sql`select to_json(found)::text as row from (${statement}) as found`,
  );
  return rows.map(({ row }) => JSON.parse(row) as Row);
}
