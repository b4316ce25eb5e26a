using Microsoft.Playwright;

namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>The page's terminal, with the demo guest's shell at its other end.</summary>
internal sealed class Terminal
{
    private readonly Viewer _viewer;

    private Terminal(Viewer viewer) => _viewer = viewer;

    private IPage Page => _viewer.Page;

    /// <summary>Opens the terminal by its button and gives it the keyboard.</summary>
    public static async Task<Terminal> OpenAsync(Viewer viewer)
    {
        await Eventually.IsTrueAsync("the terminal's button", () => viewer.Page.EvaluateAsync<bool>("!document.getElementById('terminal-button').hidden"));
        await viewer.Page.EvaluateAsync("document.getElementById('terminal-button').click()");
        await viewer.Page.WaitForSelectorAsync("#terminal-screen .xterm-rows");
        await viewer.Page.ClickAsync("#terminal-screen");
        return new Terminal(viewer);
    }

    /// <summary>Logs in. What a port said while nobody was connected is gone; so the guest starts once more.</summary>
    public async Task LoginAsync(QemuMachine machine, string name)
    {
        await PromptAsync(machine);
        await Page.Keyboard.TypeAsync($"{name}\r");
        await SeesAsync($"Welcome, {name}.");
    }

    /// <summary>Starts the guest once more, up to its login line.</summary>
    public async Task PromptAsync(QemuMachine machine)
    {
        int before = machine.Serial.Position, prompts = await PromptsAsync();
        await machine.Monitor.ExecuteAsync("system_reset");
        await machine.Serial.LineAsync("scene ", before);
        await Eventually.IsTrueAsync("one more login line", async () => await PromptsAsync() > prompts);
    }

    public Task TypeAsync(string text) => Page.Keyboard.TypeAsync(text);

    /// <summary>Types a line at the shell until its answer comes: what the terminal itself says in between may spoil a line, and Ctrl+C clears it away.</summary>
    public async Task AskAsync(string line, string answer)
    {
        string last = "";
        for (DateTime deadline = DateTime.UtcNow + Eventually.Patience; DateTime.UtcNow < deadline;)
        {
            await Page.Keyboard.PressAsync("Control+c");
            await Page.Keyboard.TypeAsync($"\r{line}\r");
            for (int i = 0; i < 50; i++)
            {
                if ((last = await TextAsync()).Contains(answer, StringComparison.Ordinal))
                    return;
                await Task.Delay(100, TestContext.Current.CancellationToken);
            }
        }

        throw new TimeoutException($"'{answer}' never came. The terminal showed:\n{last}");
    }

    public Task SeesAsync(string text)
    {
        string last = "";
        return Eventually.IsTrueAsync($"'{text}' in the terminal", async () => (last = await TextAsync()).Contains(text, StringComparison.Ordinal), () => $"It showed:\n{last}");
    }

    /// <summary>The rows that are in view, as drawn.</summary>
    public Task<string> TextAsync() => Page.EvaluateAsync<string>(
        "[...document.querySelectorAll('#terminal-screen .xterm-rows > div')].map(row => row.textContent.replaceAll('\\u00a0', ' ').trimEnd()).join('\\n')");

    private async Task<int> PromptsAsync() => (await TextAsync()).Split("qzc-guest login:").Length - 1;
}
