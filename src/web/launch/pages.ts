/** The pages of a launch as the authorization server knows them. */
import type { Pages } from '../../smart/pages.ts';
import type { Site } from '../frame.ts';
import { LAUNCH_PAGE } from '../headers.ts';
import { consentPage } from './consent.ts';
import { problemPage } from './problem.ts';
import { selectEncounterPage } from './select-encounter.ts';
import { selectPatientPage } from './select-patient.ts';
import { signInPage } from './sign-in.ts';
import { secondStepPage, tooWeakPage } from './second-step.ts';
import { signOutPage } from './sign-out.ts';

export function launchPages(site: Site): Pages {
  return {
    headers: LAUNCH_PAGE,
    signIn: (view) => signInPage(site, view),
    secondStep: (view) => secondStepPage(site, view),
    tooWeak: (view) => tooWeakPage(site, view),
    signOut: (view) => signOutPage(site, view),
    selectPatient: (view) => selectPatientPage(site, view),
    selectEncounter: (view) => selectEncounterPage(site, view),
    consent: (view) => consentPage(site, view),
    problem: (view) => problemPage(site, view),
  };
}
