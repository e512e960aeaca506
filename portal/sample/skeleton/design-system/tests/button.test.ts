test("button", () => {});
