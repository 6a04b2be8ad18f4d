export { type FilledRows, type FillPlan, fillRows } from './fill-rows.io.ts';
export { rowsFromFile } from './rows-from-file.io.ts';
