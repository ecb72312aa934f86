/**
 * How strongly someone has proved who they are: the classes that tokens name (`acr`), the methods behind them (`amr`), and which class is at least
 * another. https://openid.net/specs/openid-connect-core-1_0.html#IDToken, https://www.rfc-editor.org/rfc/rfc8176
 */

export const ACR = {
  /** a password, or what another provider vouches for */
  pwd: 'urn:embergate:acr:pwd',
  /** something known and something held: a password and a code */
  mfa: 'urn:embergate:acr:mfa',
  /** a passkey, used with a PIN or a finger: nothing that a person could be talked into typing elsewhere */
  phr: 'urn:embergate:acr:phr',
} as const;

export type Acr = (typeof ACR)[keyof typeof ACR];

/** Weakest first. */
export const ACR_VALUES: readonly Acr[] = [ACR.pwd, ACR.mfa, ACR.phr];

/** `pwd` password, `otp` code of an app, `kba` recovery code, `pop` passkey, `fed` another provider */
export type Method = 'pwd' | 'otp' | 'kba' | 'pop' | 'fed';

/** The class of a sign-in that used these methods. */
export function acrOf(methods: readonly string[]): Acr {
  if (methods.includes('pop')) return ACR.phr;
  const first = methods.includes('pwd') || methods.includes('fed');
  return first && (methods.includes('otp') || methods.includes('kba')) ? ACR.mfa : ACR.pwd;
}

/** As RFC 8176 names them: `mfa` beside the methods where there are two kinds, `user` where the person was checked by the device. */
export function amrOf(methods: readonly Method[]): readonly string[] {
  const named = methods.map((one) => (one === 'kba' ? 'otp' : one));
  return acrOf(methods) === ACR.pwd ? named : [...named, 'mfa', ...(methods.includes('pop') ? ['user'] : [])];
}

/** The way back from `amrOf`. */
export const methodsOf = (amr: readonly string[]): readonly Method[] =>
  (['pwd', 'otp', 'pop', 'fed'] as const).filter((one) => amr.includes(one));

export const isAcr = (text: string): text is Acr => (ACR_VALUES as readonly string[]).includes(text);

/** Whether a sign-in of class `is` will do for one that has to be `wanted`. What we do not know is less than anything, and more than anything when wanted. */
export function isAtLeast(is: string | undefined, wanted: string): boolean {
  const rank = (ACR_VALUES as readonly (string | undefined)[]).indexOf(is);
  const needed = (ACR_VALUES as readonly string[]).indexOf(wanted);
  return needed >= 0 && rank >= needed;
}
