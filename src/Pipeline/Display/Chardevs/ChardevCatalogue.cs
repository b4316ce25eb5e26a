using System.Text;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Interop.SdBus;

namespace QemuZeroCopy.Pipeline.Display.Chardevs;

/// <summary>
/// The org.qemu.Display1.Chardev objects of the connection: found by the object manager, followed as they come and
/// go. Display thread only, but for <see cref="Ended"/>.
/// </summary>
internal sealed class ChardevCatalogue(Bus bus, NativeText? destination, DisplayThread thread) : IBusObject
{
    internal const string PathPrefix = "/org/qemu/Display1/Chardev_";

    private const string Interface = "org.qemu.Display1.Chardev";

    // A machine has a handful; more than 64 is a mistake or malice.
    private const int ChardevsAtMost = 64;

    private static readonly NativeText s_root = new("/org/qemu/Display1");

    private readonly SortedDictionary<string, VmChardev> _chardevs = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Called with all of them whenever one comes, goes, or is known better.</summary>
    internal Action<VmChardev[]>? Changed { get; set; }

    /// <summary>Done when nothing can be opened any more.</summary>
    internal Task Ended => _ended.Task;

    internal void Begin()
    {
        const string Manager = "org.freedesktop.DBus.ObjectManager";
        bus.Subscribe(destination?.Text, s_root.Text, Manager, null, this);
        BusWriter call = bus.NewCall(destination, s_root, "org.freedesktop.DBus.ObjectManager"u8, "GetManagedObjects"u8);
        bus.TryCall(call, TakeAll, DisplayClient.CallTimeout);
        call.Dispose();
    }

    internal void End() => _ended.TrySetResult();

    /// <summary>InterfacesAdded(oa{sa{sv}}), InterfacesRemoved(oas).</summary>
    public bool Handle(BusReader message)
    {
        if (!message.TryRead(out string path))
            return true;
        if (message.Member.SequenceEqual("InterfacesAdded"u8) && TakeObject(message, path))
            Publish();
        else if (message.Member.SequenceEqual("InterfacesRemoved"u8) && PropertyValue.ReadTexts(message).Contains(Interface) && _chardevs.Remove(path))
            Publish();
        return true;
    }

    /// <summary>PropertiesChanged of an object below the prefix.</summary>
    internal void FollowProperties(string path, BusReader changed)
    {
        if (!_chardevs.TryGetValue(path, out VmChardev? chardev))
            return;
        Properties.Read(changed, (property, value) => Set(chardev, property, value));
        Publish();
    }

    internal void Open(VmChardev chardev, TaskCompletionSource<SafeFileHandle?> done)
    {
        (SafeFileHandle ours, SafeFileHandle theirs) = UnixSockets.CreatePair();
        using (theirs)
        {
            BusWriter call = bus.NewCall(destination, new NativeText(chardev.Path), "org.qemu.Display1.Chardev"u8, "Register"u8);
            call.AppendFd(theirs);
            bool sent = bus.TryCall(call, reply => Opened(ours, reply.IsError, done), DisplayClient.CallTimeout);
            call.Dispose();
            if (!sent)
                Opened(ours, failed: true, done);
        }
    }

    internal void SendBreak(VmChardev chardev)
    {
        BusWriter call = bus.NewCall(destination, new NativeText(chardev.Path), "org.qemu.Display1.Chardev"u8, "SendBreak"u8);
        call.TrySendWithoutReply();
        call.Dispose();
    }

    private static void Opened(SafeFileHandle ours, bool failed, TaskCompletionSource<SafeFileHandle?> done)
    {
        if (!failed && done.TrySetResult(ours))
            return;
        ours.Dispose();
        done.TrySetResult(null);
    }

    private void TakeAll(BusReader reply)
    {
        if (reply.IsError || !reply.EnterArray("{oa{sa{sv}}}"u8))
            return;
        while (reply.EnterEntry("oa{sa{sv}}"u8) && reply.TryRead(out string path))
        {
            TakeObject(reply, path);
            reply.Exit();
        }

        Publish();
    }

    /// <summary>Reads a{sa{sv}}, all of it; true where it makes a chardev.</summary>
    private bool TakeObject(BusReader reader, string path)
    {
        bool isChardev = false;
        if (!reader.EnterArray("{sa{sv}}"u8))
            return false;
        while (reader.EnterEntry("sa{sv}"u8) && reader.TryReadText(out ReadOnlySpan<byte> name))
        {
            if (Encoding.UTF8.GetString(name) == Interface && path.StartsWith(PathPrefix, StringComparison.Ordinal) && Find(path) is { } chardev)
                isChardev = Properties.Read(reader, (property, value) => Set(chardev, property, value));
            else
                reader.Skip("a{sv}"u8);
            reader.Exit();
        }

        reader.Exit();
        return isChardev;
    }

    private VmChardev? Find(string path)
    {
        if (!_chardevs.TryGetValue(path, out VmChardev? chardev) && _chardevs.Count < ChardevsAtMost)
            _chardevs.Add(path, chardev = new VmChardev(thread, this, path));
        return chardev;
    }

    private static void Set(VmChardev chardev, string property, PropertyValue value)
    {
        if (property == "Name")
            chardev.Name = value.Text;
        else if (property == "FEOpened")
            chardev.IsOpenInGuest = value.Number != 0;
    }

    private void Publish() => Changed?.Invoke([.. _chardevs.Values]);
}
