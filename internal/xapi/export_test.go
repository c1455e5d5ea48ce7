package xapi

import "encoding/json"

// DecodePage is what a body becomes, for tests of broken and odd answers.
func DecodePage(body []byte) (Page, error) {
	var in wirePage
	if err := json.Unmarshal(body, &in); err != nil {
		return Page{}, err
	}
	return in.page()
}
