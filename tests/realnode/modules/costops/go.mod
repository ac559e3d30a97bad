module llm-cost-ops.local/realnode/costops

go 1.26.0
