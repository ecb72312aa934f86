/** FHIR XML both ways, made from the definitions alone. https://hl7.org/fhir/R4/xml.html */
export { parseXml } from './xml-parse.ts';
export { renderXml, type XmlOptions } from './xml-render.ts';
