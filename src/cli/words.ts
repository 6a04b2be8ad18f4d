/** The option that names a target. */
export const target = ['-t, --target <name>', 'the target of oneroof.yaml; the default one where absent'] as const;

/** The argument that names a release. */
export const release = [['[release]', 'the folder of the release; this folder where absent']] as const;
