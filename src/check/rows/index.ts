export { type FilledRows, type FillPlan, fillRows } from './fill-rows.io.ts';
export { readRowsFile, rowsFromFile } from './rows-from-file.io.ts';
