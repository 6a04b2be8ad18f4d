import { type RepositoryFiles } from './repository.ts';

/** The file of a migration: its name with any ending, or one that its name begins; for Alembic the one that says its revision; the name itself where there is none. */
export function recordedFile({ paths, read }: RepositoryFiles, name: string): string {
  const [app, rest] = name.includes('.')
    ? [name.slice(0, name.indexOf('.')), name.slice(name.indexOf('.') + 1)]
    : ['', name];
  const base = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
  // TypeORM records the class, AddUsers1700000000000, of the file 1700000000000-AddUsers.ts
  const [, title, moment] = /^(\D.*?)(\d{13})$/.exec(name) ?? [];
  const ofClass = moment === undefined ? null : `${moment}-${title}`;
  return (
    paths.find((path) => ofClass !== null && base(path).replace(/\.[^.]+$/, '') === ofClass) ??
    paths.find((path) => base(path) === name || base(path).replace(/\.[^.]+$/, '') === name) ??
    paths.find((path) => base(path).replace(/\.[^.]+$/, '') === rest && path.includes(`${app}/`)) ??
    paths.find((path) => /migrat/i.test(path) && base(path).startsWith(name)) ??
    paths.find((path) => /\bversions\/[^/]+\.py$/.test(path) && revisionOf(read(path).text) === name) ??
    name
  );
}

const revisionOf = (text: string): string | undefined => /^revision\b[^=\n]*=\s*['"]([^'"]+)['"]/m.exec(text)?.[1];
