/**
 * Overlaps that only a criterion reveals: an entry of a transaction that is to be created because its condition matches nothing in the store,
 * while another entry of the same transaction makes just such a resource. https://hl7.org/fhir/R4/http.html#trules
 */
import { fault } from '../../fhir/model/outcome.ts';
import { match } from '../../fhir/search/match.ts';
import type { Guard, Write } from '../../store/ports.ts';
import type { Judgement } from './judge.ts';
import type { Target } from './target.ts';

/** Throws FhirError 400 naming both entries. */
export function refuseHiddenOverlaps(targets: readonly Target[], judgements: readonly Judgement[]): void {
  targets.forEach((target, i) => {
    if (!target.guard || target.intent.kind === 'delete' || target.guard.matches.length > 0) return;
    const other = judgements.findIndex(
      ({ write }, k) => k !== i && write !== undefined && satisfies(write, target.guard!),
    );
    if (other < 0) return;
    const { place } = target.intent;
    throw fault(
      'invalid',
      `${place} is conditional on "${target.intent.criteria}", which ${targets[other]!.intent.place} of the same transaction fulfils: both are about the same ${target.type}`,
      place,
    );
  });
}

function satisfies(write: Write, guard: Guard): boolean {
  const branch = guard.plan.branches.find(({ type }) => type === write.type);
  if (!branch || !write.content) return false;
  return match(branch.where, { id: write.id, instant: Date.now(), index: write.content.index });
}
