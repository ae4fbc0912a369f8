using System.Collections.Generic;
using UnityEditor;
using UnityEngine;
using VoiceAvatar.Unity;

namespace VoiceAvatar.Editor
{
    /// <summary>The map of a face in the inspector: found by a button, shown viseme by viseme, tried on the mesh.</summary>
    [CustomEditor(typeof(VisemeBlendShapeDriver))]
    public sealed class VisemeBlendShapeDriverEditor : UnityEditor.Editor
    {
        private static readonly string[] Sets = { "ovr15", "arkit52", "vrm5" };

        private int _set;
        private string _shown = "";

        /// <inheritdoc/>
        public override void OnInspectorGUI()
        {
            DrawDefaultInspector();
            VisemeBlendShapeDriver driver = (VisemeBlendShapeDriver)target;
            if (driver.Face == null || driver.Face.sharedMesh == null)
            {
                EditorGUILayout.HelpBox("Give it the face's SkinnedMeshRenderer.", MessageType.Info);
                return;
            }
            _set = EditorGUILayout.Popup("Viseme set", _set, Sets);
            if (GUILayout.Button("Find the map by the names"))
            {
                Undo.RecordObject(driver, "Find the viseme map");
                int count = driver.AutoMap(VisemeSets.Named(Sets[_set]));
                EditorUtility.SetDirty(driver);
                _shown = count + " visemes are mapped";
            }
            EditorGUILayout.LabelField(_shown);
            foreach (string viseme in VisemeSets.Named(Sets[_set]))
            {
                Row(driver, viseme);
            }
        }

        private static void Row(VisemeBlendShapeDriver driver, string viseme)
        {
            List<string> shapes = new List<string>();
            foreach (BlendShapeShare share in driver.Visemes)
            {
                if (share.Name == viseme)
                {
                    shapes.Add(driver.Face.sharedMesh.GetBlendShapeName(share.Shape) + " " + share.Weight);
                }
            }
            EditorGUILayout.BeginHorizontal();
            EditorGUILayout.LabelField(viseme, shapes.Count == 0 ? "—" : string.Join(", ", shapes.ToArray()));
            if (GUILayout.Button("Show", GUILayout.Width(60)))
            {
                Show(driver, viseme);
            }
            EditorGUILayout.EndHorizontal();
        }

        private static void Show(VisemeBlendShapeDriver driver, string viseme)
        {
            foreach (BlendShapeShare share in driver.Visemes)
            {
                driver.Face.SetBlendShapeWeight(share.Shape, 0f);
            }
            foreach (BlendShapeShare share in driver.Visemes)
            {
                if (share.Name == viseme)
                {
                    driver.Face.SetBlendShapeWeight(share.Shape, 100f * share.Weight);
                }
            }
        }
    }
}
