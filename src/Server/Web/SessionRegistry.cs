using System.Security.Cryptography;
using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Vm;

namespace QemuZeroCopy.Server.Web;

/// <summary>
/// The pages' sessions by their names, so that a media connection finds the session that it belongs to; who the
/// viewers are; and the rule by which one of them drives. A viewer is a browser: its windows are one viewer.
/// </summary>
internal sealed class SessionRegistry(ControlRule rule = ControlRule.All)
{
    private readonly Lock _gate = new();
    private readonly List<Entry> _entries = [];
    private ViewerInput? _speaker;
    private ViewerInfo[] _viewers = [];
    private string _holder = "";

    /// <summary>Raised when a viewer comes, goes, takes a name, or another one drives.</summary>
    public ChangeSignal Changed { get; } = new();

    /// <summary>Which of the viewers drive.</summary>
    public ControlRule Rule => rule;

    /// <summary>The session whose microphone the guest hears; null for none.</summary>
    public ViewerInput? Speaker
    {
        get => Volatile.Read(ref _speaker);
        set
        {
            if (Interlocked.Exchange(ref _speaker, value) != value)
                Changed.Raise();
        }
    }

    /// <summary>The viewers in the order of their arrival; another array after every change.</summary>
    public ViewerInfo[] Viewers => Volatile.Read(ref _viewers);

    /// <summary>
    /// Adds a session under a new, unguessable name. One that may not control only watches, whatever the rule.
    /// </summary>
    /// <param name="input">The session's input.</param>
    /// <param name="mayControl">Whether it came with the token that lets drive.</param>
    /// <param name="viewer">What all windows of one browser have in common; empty for a viewer of its own.</param>
    public string Add(ViewerInput input, bool mayControl, string viewer = "")
    {
        string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        lock (_gate)
        {
            string key = viewer.Length > 0 ? viewer : id;
            string name = _entries.Find(e => e.Viewer == key)?.Name ?? "";
            _entries.Add(new Entry(id, key, input, mayControl) { Name = name });
            ApplyRule();
        }

        Changed.Raise();
        return id;
    }

    public void Remove(string id)
    {
        lock (_gate)
        {
            _entries.RemoveAll(e => e.Id == id);
            ApplyRule();
        }

        Changed.Raise();
    }

    /// <summary>The input of the session of that name; null where there is none.</summary>
    public ViewerInput? Find(string id)
    {
        lock (_gate)
            return _entries.Find(e => e.Id == id)?.Input;
    }

    /// <summary>Whether the session of that name is there and may ever drive.</summary>
    public bool MayControl(string id)
    {
        lock (_gate)
            return _entries.Exists(e => e.Id == id && e.MayControl);
    }

    /// <summary>Which of <see cref="Viewers"/> the session belongs to; -1 once it has gone.</summary>
    public int PositionOf(string id, ViewerInfo[] viewers)
    {
        lock (_gate)
            return _entries.Find(e => e.Id == id) is { } entry ? Array.FindIndex(viewers, v => v.Key == entry.Viewer) : -1;
    }

    /// <summary>The session's viewer wants to be called so.</summary>
    public void Rename(string id, string name)
    {
        string clean = ViewerName.Clean(name);
        lock (_gate)
        {
            if (_entries.Find(e => e.Id == id) is not { } entry || entry.Name == clean)
                return;
            foreach (Entry window in _entries.Where(e => e.Viewer == entry.Viewer))
                window.Name = clean;
            ApplyRule();
        }

        Changed.Raise();
    }

    /// <summary>The session's viewer asks for the token; nothing happens under another rule, or for one who may only watch.</summary>
    public void TakeControl(string id)
    {
        lock (_gate)
        {
            if (rule != ControlRule.Token || _entries.Find(e => e.Id == id) is not { MayControl: true } entry)
                return;
            _holder = entry.Viewer;
            ApplyRule();
        }

        Changed.Raise();
    }

    private void ApplyRule()
    {
        string? chosen = rule switch
        {
            ControlRule.First => _entries.Find(e => e.MayControl)?.Viewer,
            ControlRule.Last => _entries.FindLast(e => e.MayControl)?.Viewer,
            // While the holder is away, the one who came first drives.
            ControlRule.Token => (_entries.Find(e => e.MayControl && e.Viewer == _holder) ?? _entries.Find(e => e.MayControl))?.Viewer,
            _ => null,
        };
        foreach (Entry entry in _entries)
        {
            bool allowed = entry.MayControl && (rule == ControlRule.All || entry.Viewer == chosen);
            if (entry.Input.Allowed != allowed)
                entry.Input.Allowed = allowed;
        }

        Volatile.Write(ref _viewers, [.. _entries.GroupBy(e => e.Viewer).Select(windows => new ViewerInfo(windows.Key, windows.First().Name, windows.Any(e => e.Input.Allowed)))]);
    }

    private sealed record Entry(string Id, string Viewer, ViewerInput Input, bool MayControl)
    {
        public string Name { get; set; } = "";
    }
}
