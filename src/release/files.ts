/** The files of a release: path below its folder (with `/`) → text. */
export type ReleaseFiles = ReadonlyMap<string, string>;
