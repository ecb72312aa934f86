// The pages of a launch as text: nothing of what apps and records say becomes markup, no name in an address, forms that carry their proof.

import { describe, expect, it } from '@jest/globals';
import { launchPages } from '../../../src/web/launch/pages.ts';
import { consent, problem, selectEncounter, selectPatient, signIn } from '../../e2e/pages/views.ts';
import { site } from '../../support/web.ts';

const pages = launchPages(site);

const all: readonly (readonly [string, string])[] = [
  ...Object.entries(signIn).map(([name, view]) => [`sign-in ${name}`, pages.signIn(view)] as const),
  ...Object.entries(selectPatient).map(
    ([name, view]) => [`patient ${name}`, pages.selectPatient(view)] as const,
  ),
  ...Object.entries(selectEncounter).map(
    ([name, view]) => [`visit ${name}`, pages.selectEncounter(view)] as const,
  ),
  ...Object.entries(consent).map(([name, view]) => [`consent ${name}`, pages.consent(view)] as const),
  ...Object.entries(problem).map(([name, view]) => [`problem ${name}`, pages.problem(view)] as const),
];

const matches = (text: string, pattern: RegExp): readonly string[] => text.match(pattern) ?? [];

describe('pages of a launch', () => {
  it.each(all)('%s holds no markup but ours, and loads nothing from elsewhere', (_name, page) => {
    expect(page).toMatch(/^<!doctype html><html lang="en">/);
    expect(page).not.toMatch(/<script>|<style|javascript:| on[a-z]+="| style="/);
    for (const source of matches(page, /(?:src|href)="[^"]*"/g)) {
      if (/^src|\.css"$|\.svg"$/.test(source)) expect(source).toMatch(/="\/assets\//);
    }
  });

  it.each(all)('%s posts, with the proof of who was shown it', (_name, page) => {
    for (const form of matches(page, /<form[^]*?<\/form>/g)) {
      expect(form).toMatch(/^<form[^>]*method="post"/);
      expect(form).toContain('name="csrf" value="c5rf-t0ken"');
    }
  });

  it('may not be framed, kept or told of, and leaves forms free to end at an app', () => {
    expect(pages.headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'content-security-policy': expect.stringMatching(/^default-src 'self'.*frame-ancestors 'none'/),
    });
    expect(pages.headers['content-security-policy']).not.toMatch(/unsafe|form-action/);
  });

  it('names a patient on a button by the name alone', () => {
    const page = pages.selectPatient(selectPatient['usual']!);
    const buttons = matches(page, /<button[^>]*name="patient"[^>]*>[^]*?<\/button>/g);
    const names = buttons.map((button) => button.replace(/<[^>]*>/g, '').trim());
    expect(names).toEqual(selectPatient['usual']!.patients.map(({ name }) => name));
  });

  it('says that an app wants only to know who one is', () => {
    const only = { ...consent['usual']!, permissions: [] };
    expect(pages.consent(only)).toContain('<h1>Sign in to Growth Tracker?</h1>');
  });
});
