/** The state of one evaluation: what it may ask of the world, and how many steps it has left. https://hl7.org/fhirpath/N1/#environment-variables */
import type { Definitions } from '../definitions/registry.ts';
import { fault } from '../model/outcome.ts';
import { MOST_STEPS, type Environment } from './environment.ts';
import { isResource, type Nodes, type PathNode } from './node.ts';

/** Variables that `defineVariable` made, the last one first. */
export interface Scope {
  readonly name: string;
  readonly nodes: Nodes;
  readonly before: Scope | undefined;
}

export interface Run {
  readonly definitions: Definitions;
  readonly environment: Environment;
  /** what the evaluation began with */
  readonly focus: PathNode;
  left: number;
  index: number | undefined;
  total: Nodes | undefined;
  scope: Scope | undefined;
  /** what `descendants()` found, so that it is gathered once */
  descendants: Map<PathNode, Nodes> | undefined;
}

const NO_ENVIRONMENT: Environment = {};

export function startRun(definitions: Definitions, focus: PathNode, environment = NO_ENVIRONMENT): Run {
  return {
    definitions,
    environment,
    focus,
    left: stepsOf(environment),
    index: undefined,
    total: undefined,
    scope: undefined,
    descendants: undefined,
  };
}

function stepsOf({ steps = MOST_STEPS, budget }: Environment): number {
  return budget && budget.left < steps ? Math.max(budget.left, 0) : steps;
}

/** Counts work. Throws FhirError `too-costly` when the budget is used up. */
export function spend(run: Run, steps: number): void {
  if ((run.left -= steps) >= 0) return;
  throw fault(
    'too-costly',
    `The FHIRPath expression was stopped after ${stepsOf(run.environment)} steps: it asks for too much work on this resource`,
  );
}

/** Takes what an evaluation used from the budget that it shares with others. */
export function settle({ environment, left }: Run): void {
  const { budget } = environment;
  if (budget) budget.left -= stepsOf(environment) - left;
}

/** `%resource`: the nearest resource around the focus. */
export function resourceOf({ environment, focus }: Run): PathNode | undefined {
  if (environment.resource) return environment.resource;
  for (let node: PathNode | undefined = focus; node; node = node.parent) if (isResource(node)) return node;
  return undefined;
}

/** `%rootResource`: the resource that contains the contained one; itself when it is not contained. */
export function rootResourceOf(run: Run): PathNode | undefined {
  if (run.environment.rootResource) return run.environment.rootResource;
  const resource = resourceOf(run);
  if (resource?.name !== 'contained') return resource;
  return resource.parent && isResource(resource.parent) ? resource.parent : resource;
}
