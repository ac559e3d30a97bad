module llm-cost-ops.local/realnode/pause

go 1.26.0
