export { runDemo } from './demo.io.ts';
export { type Answered, type DemoCommand, type DemoPlan, type Typed } from './plan.ts';
export { exampleFolder, type Production, startProduction } from './production.io.ts';
