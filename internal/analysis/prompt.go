package analysis

// PromptVersion names the rubric, the schema and the way posts are sent.
const PromptVersion = "1"

// Prices is what the model costs, in millionths of a US dollar per million tokens.
type Prices struct {
	InputMicroUSD  int64
	OutputMicroUSD int64
}
