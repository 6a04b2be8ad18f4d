export { type Parsed, parseYaml, type YamlSource } from './yaml.ts';
