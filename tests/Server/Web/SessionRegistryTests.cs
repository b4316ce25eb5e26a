using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Web;

namespace QemuZeroCopy.Server.Tests.Web;

public sealed class SessionRegistryTests
{
    private readonly RecordingSink _sink = new();

    [Theory]
    [InlineData(ControlRule.All, true, true, true)]
    [InlineData(ControlRule.First, true, false, false)]
    [InlineData(ControlRule.Last, false, false, true)]
    [InlineData(ControlRule.Token, true, false, false)]
    internal void The_rule_says_who_drives(ControlRule rule, bool first, bool second, bool third)
    {
        var registry = new SessionRegistry(rule);
        using ViewerInput a = Join(registry, out string nameOfA), b = Join(registry, out _), c = Join(registry, out _);
        Assert.Equal((first, second, third), (a.Allowed, b.Allowed, c.Allowed));
        Assert.Same(a, registry.Find(nameOfA));
        registry.Remove(nameOfA);
        Assert.Null(registry.Find(nameOfA));
        Assert.Equal(rule == ControlRule.Last ? (false, true) : (true, rule == ControlRule.All), (b.Allowed, c.Allowed));
    }

    [Theory]
    [InlineData(ControlRule.All)]
    [InlineData(ControlRule.First)]
    [InlineData(ControlRule.Last)]
    [InlineData(ControlRule.Token)]
    internal void Who_may_only_watch_never_drives(ControlRule rule)
    {
        var registry = new SessionRegistry(rule);
        using ViewerInput watcher = Join(registry, out _, mayControl: false), driver = Join(registry, out _), late = Join(registry, out _, mayControl: false);
        Assert.Equal((false, true, false), (watcher.Allowed, driver.Allowed, late.Allowed));
        watcher.Apply([1, 1, 0, 4, .. "KeyA"u8]);
        Assert.Empty(_sink.Drain());
    }

    [Fact]
    public void The_token_goes_to_whoever_asks_and_waits_for_who_comes_back()
    {
        var registry = new SessionRegistry(ControlRule.Token);
        using ViewerInput a = Join(registry, out string nameOfA, viewer: "a"), b = Join(registry, out string nameOfB, viewer: "b");
        registry.TakeControl(nameOfB);
        Assert.Equal((false, true), (a.Allowed, b.Allowed));
        registry.Remove(nameOfB);
        Assert.True(a.Allowed);
        using ViewerInput again = Join(registry, out _, viewer: "b"), watcher = Join(registry, out string nameOfWatcher, mayControl: false);
        Assert.Equal((false, true), (a.Allowed, again.Allowed));
        registry.TakeControl(nameOfWatcher);
        Assert.Equal((false, true, false), (a.Allowed, again.Allowed, watcher.Allowed));
        registry.TakeControl(nameOfA);
        Assert.Equal((true, false), (a.Allowed, again.Allowed));
    }

    [Fact]
    public void Nobody_takes_what_the_rule_gives_to_another()
    {
        var registry = new SessionRegistry(ControlRule.First);
        using ViewerInput first = Join(registry, out _), second = Join(registry, out string name);
        registry.TakeControl(name);
        Assert.Equal((true, false), (first.Allowed, second.Allowed));
    }

    [Fact]
    public void The_windows_of_one_browser_are_one_viewer()
    {
        var registry = new SessionRegistry(ControlRule.First);
        using ViewerInput window = Join(registry, out string id, viewer: "a"), other = Join(registry, out _, viewer: "b"), second = Join(registry, out string idOfSecond, viewer: "a");
        Assert.Equal((true, false, true), (window.Allowed, other.Allowed, second.Allowed));
        registry.Rename(idOfSecond, "Ada");
        Assert.Equal([("Ada", true), ("", false)], registry.Viewers.Select(v => (v.Name, v.Controls)));
        Assert.Equal((0, 0), (registry.PositionOf(id, registry.Viewers), registry.PositionOf(idOfSecond, registry.Viewers)));
        using ViewerInput third = Join(registry, out _, viewer: "a");
        Assert.Equal("Ada", registry.Viewers[0].Name);
    }

    [Theory]
    [InlineData("Ada", "Ada")]
    [InlineData("  Ada \n Lovelace\u0007 ", "Ada  Lovelace")]
    [InlineData("\u202eadA\u200b\u2066", "adA")]
    [InlineData("\ud800x", "x")]
    [InlineData("<b>&amp;", "<b>&amp;")]
    [InlineData("漢字 👩‍🚀", "漢字 👩🚀")]
    public void A_name_is_made_fit_to_be_shown(string given, string clean) => Assert.Equal(clean, ViewerName.Clean(given));

    [Fact]
    public void A_name_is_bounded_without_cutting_a_character_in_two()
    {
        Assert.Equal(ViewerName.MaxLength, ViewerName.Clean(new string('x', 100_000)).Length);
        Assert.Equal(string.Concat(Enumerable.Repeat("👩", 19)) + "x", ViewerName.Clean("x" + string.Concat(Enumerable.Repeat("👩", 30)))[1..] + "x");
    }

    [Theory]
    [InlineData(null, "")]
    [InlineData("0123456789abcdef", "0123456789abcdef")]
    [InlineData("a b", "")]
    [InlineData("ä", "")]
    public void What_tells_browsers_apart_is_checked(string? given, string key) => Assert.Equal(key, ViewerName.Key(given));

    [Fact]
    public void Who_loses_control_lets_go()
    {
        var registry = new SessionRegistry(ControlRule.Last);
        using ViewerInput first = Join(registry, out _);
        first.Apply([1, 1, 0, 4, .. "KeyA"u8]);
        using ViewerInput second = Join(registry, out _);
        first.Apply([1, 1, 0, 4, .. "KeyB"u8]);
        Assert.Equal(["key KeyA Down '' None", "key KeyA Up '' None"], _sink.Drain());
    }

    private ViewerInput Join(SessionRegistry registry, out string name, bool mayControl = true, string viewer = "")
    {
        var input = new ViewerInput(_sink, () => null);
        name = registry.Add(input, mayControl, viewer);
        return input;
    }
}
