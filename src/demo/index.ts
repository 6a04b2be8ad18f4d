export { type DemoPlan, runDemo } from './demo.io.ts';
export { exampleFolder, type Production, startProduction } from './production.io.ts';
