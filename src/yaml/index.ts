export { type IssueFacts, type Parsed, parseYaml, type YamlSource } from './yaml.ts';
