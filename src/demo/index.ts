export { type DemoPlan, runDemo } from './demo.io.ts';
export { exampleFolder, loadExample, type Production, startProduction } from './production.io.ts';
