from collections.abc import Callable

import pytest

CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: test-gauge
version: 1.0.0
status: active
schema:
  - name: gauge
    customProperties:
      - {property: khue.kind, value: measure}
      - {property: khue.entityType, value: Gauge}
      - {property: khue.label, value: {vi: Trạm, en: Gauge}}
      - {property: khue.owner, value: A1}
      - {property: khue.key, value: "{code}"}
      - {property: khue.observedAt, value: at}
      - property: khue.share
        value: {dataset: gauge, of: readings, properties: [code, level], licence: CC0-1.0, label: {vi: Trạm, en: Gauge}}
    properties:
      - name: code
        logicalType: string
        required: true
        classification: public
        customProperties:
          - {property: khue.label, value: {vi: Mã, en: Code}}
      - name: at
        logicalType: timestamp
        required: true
        classification: public
        customProperties:
          - {property: khue.label, value: {vi: Lúc, en: At}}
      - name: level
        logicalType: number
        classification: public
        logicalTypeOptions: {minimum: 0, maximum: 20}
        customProperties:
          - {property: khue.label, value: {vi: Mực nước, en: Level}}
          - {property: khue.unit, value: MTR}
        quality:
          - name: level_spike
            type: custom
            engine: khue
            implementation: {minimum: 5, factor: 3, within: PT1H}
            customProperties:
              - {property: khue.kind, value: spike}
              - property: khue.reason
                value: {vi: "Dòng {row}: {value}; xem lại", en: "Row {row}: {value}; look again"}
    quality:
      - name: level_wise
        dimension: consistency
        type: custom
        engine: khue
        implementation: level IS NULL OR level < 19
        customProperties:
          - {property: khue.onFail, value: flag}
          - property: khue.reason
            value: {vi: "Dòng {row}: cao; xem lại", en: "Row {row}: high; look again"}
"""


def with_changes(*changes: tuple[str, str]) -> str:
    text = CONTRACT
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="session")
def changed() -> Callable[..., str]:
    """Give a function that returns a small contract's text with each (old, new) replaced; the old must be there."""
    return with_changes
