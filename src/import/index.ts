export { findProjects } from './find-projects.ts';
export { runGit } from './git.io.ts';
export { type Migration, type MigrationProject, type Script, type ToolName } from './migration.ts';
export { readPending } from './read-pending.io.ts';
export { readProject } from './read-project.ts';
export { recordProject } from './record-project.io.ts';
export { type FileText, type RepositoryFiles } from './repository.ts';
export { listRepository, type Repository } from './repository-files.io.ts';
export { type FoundProject } from './tool.ts';
