/** The option that names a target. */
export const targetOption = ['-t, --target <name>', 'the target of oneroof.yaml; default: the default target'] as const;

/** The option that names one target, for a command that speaks of each. */
export const eachTarget = [
  '-t, --target <name>',
  'one target of oneroof.yaml; default: all targets, side by side',
] as const;

/** The argument that names a release. */
export const release = [['[release]', 'the folder of the release; default: this folder']] as const;
