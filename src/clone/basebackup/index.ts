export { type BasebackupSetup } from './backup-source.io.ts';
export { findBackupProblems } from './backup-problems.io.ts';
export { takeBasebackup } from './take-basebackup.io.ts';
