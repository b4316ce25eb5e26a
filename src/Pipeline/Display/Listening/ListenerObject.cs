using System.Text;
using QemuZeroCopy.Interop.SdBus;

namespace QemuZeroCopy.Pipeline.Display.Listening;

/// <summary>The standard interfaces of the Listener object: Properties and Introspectable.</summary>
internal sealed class ListenerObject
{
    private readonly bool _offersMap;
    private readonly bool _offersDmaBuf2;
    private readonly string _introspection;

    internal ListenerObject(DisplayOptions options)
    {
        _offersMap = options.OfferSharedMemory;
        _offersDmaBuf2 = options.OfferMultiPlane;
        _introspection = ListenerIntrospection.Build(_offersMap, _offersDmaBuf2);
    }

    internal bool Handle(BusReader message)
    {
        if (message.IsCall("org.freedesktop.DBus.Introspectable"u8, "Introspect"u8))
            return Introspect(message);
        if (!message.Interface.SequenceEqual(Properties.Interface))
            return false;
        if (message.Member.SequenceEqual("GetAll"u8))
            return GetAll(message);
        return message.Member.SequenceEqual("Get"u8) ? Get(message) : message.Member.SequenceEqual("Set"u8) && Set(message);
    }

    private bool Introspect(BusReader message)
    {
        using BusWriter reply = Bus.NewReply(message);
        reply.Append(_introspection);
        reply.TrySend();
        return true;
    }

    private bool GetAll(BusReader message)
    {
        message.TryReadText(out ReadOnlySpan<byte> name);
        if (!IsServed(name))
        {
            Bus.ReplyError(message, "org.freedesktop.DBus.Error.UnknownInterface"u8, "No such interface."u8);
            return true;
        }

        BusWriter reply = Bus.NewReply(message);
        reply.OpenArray("{sv}"u8);
        if (HasInterfaces(name))
        {
            reply.OpenEntry("sv"u8);
            reply.AppendText("Interfaces"u8);
            AppendInterfaces(ref reply);
            reply.Close();
        }

        reply.Close();
        reply.TrySend();
        reply.Dispose();
        return true;
    }

    private bool Get(BusReader message)
    {
        if (!(message.TryReadText(out ReadOnlySpan<byte> name) && HasInterfaces(name)
            && message.TryReadText(out ReadOnlySpan<byte> property) && property.SequenceEqual("Interfaces"u8)))
        {
            Bus.ReplyError(message, "org.freedesktop.DBus.Error.UnknownProperty"u8, "No such property."u8);
            return true;
        }

        BusWriter reply = Bus.NewReply(message);
        AppendInterfaces(ref reply);
        reply.TrySend();
        reply.Dispose();
        return true;
    }

    private static bool Set(BusReader message)
    {
        Bus.ReplyError(message, "org.freedesktop.DBus.Error.PropertyReadOnly"u8, "The listener has no property to set."u8);
        return true;
    }

    private void AppendInterfaces(ref BusWriter writer)
    {
        writer.OpenVariant("as"u8);
        writer.OpenArray("s"u8);
        if (_offersMap)
            writer.AppendText("org.qemu.Display1.Listener.Unix.Map"u8);
        if (_offersDmaBuf2)
            writer.AppendText("org.qemu.Display1.Listener.Unix.ScanoutDMABUF2"u8);
        writer.Close();
        writer.Close();
    }

    private static bool HasInterfaces(ReadOnlySpan<byte> name) => name.IsEmpty || name.SequenceEqual("org.qemu.Display1.Listener"u8);

    private bool IsServed(ReadOnlySpan<byte> name) =>
        HasInterfaces(name)
        || (_offersMap && name.SequenceEqual("org.qemu.Display1.Listener.Unix.Map"u8))
        || (_offersDmaBuf2 && name.SequenceEqual("org.qemu.Display1.Listener.Unix.ScanoutDMABUF2"u8))
        || name.StartsWith("org.freedesktop.DBus."u8);
}

/// <summary>Introspection data of the Listener object, for busctl and its like.</summary>
internal static class ListenerIntrospection
{
    internal static string Build(bool map, bool dmaBuf2)
    {
        StringBuilder xml = new("""
            <!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
            <node>

            """);
        Interface(
            xml, "org.qemu.Display1.Listener",
            "  <property name=\"Interfaces\" type=\"as\" access=\"read\"/>\n",
            ("Scanout", "u u u u ay"), ("Update", "i i i i u u ay"), ("ScanoutDMABUF", "h u u u u t b"),
            ("UpdateDMABUF", "i i i i"), ("Disable", ""), ("MouseSet", "i i i"), ("CursorDefine", "i i i i ay"));
        if (map)
            Interface(xml, "org.qemu.Display1.Listener.Unix.Map", "", ("ScanoutMap", "h u u u u u"), ("UpdateMap", "i i i i"));
        if (dmaBuf2)
            Interface(xml, "org.qemu.Display1.Listener.Unix.ScanoutDMABUF2", "", ("ScanoutDMABUF2", "ah u u u u au au u u u u t b"));
        return xml.Append("</node>\n").ToString();
    }

    private static void Interface(StringBuilder xml, string name, string properties, params ReadOnlySpan<(string Name, string Types)> methods)
    {
        xml.Append(" <interface name=\"").Append(name).Append("\">\n").Append(properties);
        foreach ((string method, string types) in methods)
        {
            xml.Append("  <method name=\"").Append(method).Append("\">\n");
            foreach (string type in types.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                xml.Append("   <arg type=\"").Append(type).Append("\" direction=\"in\"/>\n");
            xml.Append("  </method>\n");
        }

        xml.Append(" </interface>\n");
    }
}
