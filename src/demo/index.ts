export { runDemo } from './run-demo.io.ts';
export { type Answered, type DemoCommand, type DemoPlan, type Typed } from './demo-commands.ts';
export { exampleFolder, type DemoProduction, startProduction } from './demo-production.io.ts';
