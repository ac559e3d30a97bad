module llm-cost-ops.local/sandbox/agent

go 1.26.0
