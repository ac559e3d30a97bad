module llm-cost-ops.local/realnode/standin

go 1.26.0
